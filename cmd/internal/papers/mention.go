package papers

import (
	"regexp"
	"strings"
	"unicode"
)

// Mention is something of this code that a paper names: a file or a Go name.
type Mention struct {
	Line int
	Text string
	kind kind
}

type kind int

const (
	file     kind = iota
	selector      // names with dots between them
	called        // a name before a parenthesis
	typed         // a name that is written like an exported one
)

var (
	quoted = regexp.MustCompile(`"[^"]*"`)
	name   = regexp.MustCompile(`[\pL_][\pL\d_]*(\.[\pL_][\pL\d_]*)*`)
	manual = regexp.MustCompile(`^\(\d\)`)
	suffix = regexp.MustCompile(`\.(go|md|json)$`)
	ending = regexp.MustCompile(`(/\.\.\.|:\d+)$`)
	// elsewhere begins what is outside of the repository, or within the paper.
	elsewhere = regexp.MustCompile(`^(/|#|[a-z]+:)`)
	address   = regexp.MustCompile(`^(/|[a-z]+://)`)
)

// mentions finds what a span names.
func (s span) mentions() (found []Mention) {
	if s.link {
		path, _, _ := strings.Cut(s.text, "#")
		if elsewhere.MatchString(s.text) {
			return nil
		}
		return []Mention{{s.line, path, file}}
	}
	for word := range strings.FieldsSeq(quoted.ReplaceAllString(s.text, " ")) {
		word = strings.TrimRight(word, ",;:")
		switch {
		case address.MatchString(word):
			continue
		case isPath(word):
			found = append(found, Mention{s.line, ending.ReplaceAllString(word, ""), file})
			continue
		}
		for _, at := range name.FindAllStringIndex(word, -1) {
			if k, ok := kindOf(word[:at[0]], word[at[0]:at[1]], word[at[1]:]); ok {
				found = append(found, Mention{s.line, word[at[0]:at[1]], k})
			}
		}
	}
	return found
}

func isPath(word string) bool {
	return strings.Contains(word, "/") || suffix.MatchString(ending.ReplaceAllString(word, ""))
}

// kindOf says what a name is by its form and by what stands before and behind it.
func kindOf(before, text, behind string) (k kind, ok bool) {
	switch {
	case before != "" && unicode.IsDigit(rune(before[len(before)-1])):
		return 0, false // the end of a number
	case strings.Contains(text, "."):
		return selector, true
	case strings.HasPrefix(behind, "("):
		return called, !manual.MatchString(behind)
	}
	return typed, isLikeThis(text)
}

// isLikeThis reports whether a word is written as Go writes an exported name, and not as a constant of C or of the wire.
func isLikeThis(text string) bool {
	return unicode.IsUpper([]rune(text)[0]) && strings.ContainsFunc(text, unicode.IsLower) && !strings.Contains(text, "_")
}
