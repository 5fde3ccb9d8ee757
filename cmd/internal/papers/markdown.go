package papers

import (
	"regexp"
	"strings"
)

// span is a piece of a paper that is read: what stands in backticks, or where a link leads.
type span struct {
	line int
	text string
	link bool
}

// unread is what a fenced block may be that is not read.
var unread = map[string]bool{"sh": true, "text": true, "json": true, "js": true}

// markdown cuts a paper into spans, line by line. Lines are counted from 1.
type markdown struct {
	spans  []span
	faults []Fault
	fence  string // what ends the fenced block that has begun, "" outside of one
	begun  int    // the line of its beginning
}

func readMarkdown(text string) ([]span, []Fault) {
	var m markdown
	for i, line := range strings.Split(text, "\n") {
		m.read(i+1, strings.TrimSpace(line))
	}
	if m.fence != "" {
		m.fault(m.begun, "a fenced block without an end: close it")
	}
	return m.spans, m.faults
}

func (m *markdown) fault(line int, text string) { m.faults = append(m.faults, Fault{line, text}) }

func (m *markdown) read(line int, text string) {
	fence := fenceOf(text)
	switch {
	case m.fence != "":
		if fence == text && strings.HasPrefix(fence, m.fence) {
			m.fence = ""
		}
	case fence != "":
		m.fence, m.begun = fence, line
		if info := strings.TrimSpace(text[len(fence):]); !unread[info] {
			m.fault(line, "a fenced block that is not read must say what it is: sh, text, json or js")
		}
	default:
		m.readProse(line, text)
	}
}

// fenceOf gives the characters with which a line begins or ends a fenced block, "" if it does neither.
func fenceOf(text string) string {
	for _, c := range []string{"`", "~"} {
		rest := strings.TrimLeft(text, c)
		if length := len(text) - len(rest); length >= 3 && !strings.Contains(rest, "`") {
			return text[:length]
		}
	}
	return ""
}

var (
	backticks = regexp.MustCompile("`+")
	link      = regexp.MustCompile(`\]\(([^)\s]*)[^)]*\)|^\[[^\]]*\]:\s*(\S*)`)
)

// readProse reads a line outside of fenced blocks. A pair of backticks is on one line.
func (m *markdown) readProse(line int, text string) {
	var prose strings.Builder
	for {
		at := backticks.FindStringIndex(text)
		if at == nil {
			break
		}
		quote := text[at[0]:at[1]]
		prose.WriteString(text[:at[0]])
		text = text[at[1]:]
		length := indexOfRun(text, quote)
		if length < 0 {
			m.fault(line, "a backtick without the one that ends it on the same line")
			break
		}
		m.spans = append(m.spans, span{line: line, text: text[:length]})
		text = text[length+len(quote):]
	}
	prose.WriteString(text)
	for _, found := range link.FindAllStringSubmatch(prose.String(), -1) {
		m.spans = append(m.spans, span{line: line, text: found[1] + found[2], link: true})
	}
}

// indexOfRun finds the first run of backticks that is as long as quote, -1 if there is none.
func indexOfRun(text, quote string) int {
	for _, at := range backticks.FindAllStringIndex(text, -1) {
		if text[at[0]:at[1]] == quote {
			return at[0]
		}
	}
	return -1
}
