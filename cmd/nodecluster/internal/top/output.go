package top

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/utilinspect"
)

// maxLines is how many lines of a log are shown at most.
const maxLines = 2000

// appendLast appends lines, and keeps the last maxLines at least. It moves them only once in maxLines lines.
func appendLast(lines []Line, more ...Line) []Line {
	lines = append(lines, more...)
	if len(lines) < 2*maxLines {
		return lines
	}
	return append([]Line(nil), lines[len(lines)-maxLines:]...)
}

// output is the pane of a log.
type output struct {
	target target
	lines  []Line
	err    error
	filter string // what a line has to contain
	below  int    // how many lines are below the window, 0 to follow the end
	shift  int    // how many cells are left of the window
}

// add takes lines that have been read. What the user has scrolled to stays in place.
func (o *output) add(m linesMsg) {
	if m.target != o.target {
		return
	}
	o.err = m.err
	o.lines = appendLast(o.lines, m.lines...)
	if o.below > 0 {
		for _, line := range m.lines {
			if o.shows(line) {
				o.below++
			}
		}
	}
}

func (o *output) shows(line Line) bool {
	return o.filter == "" || strings.Contains(strings.ToLower(line.Text), strings.ToLower(o.filter))
}

// shown are the lines that pass the filter.
func (o *output) shown() []Line {
	last := o.lines[max(0, len(o.lines)-maxLines):]
	if o.filter == "" {
		return last
	}
	var shown []Line
	for _, line := range last {
		if o.shows(line) {
			shown = append(shown, line)
		}
	}
	return shown
}

// scroll moves the window up by a number of lines, or down.
func (o *output) scroll(by, height int) {
	o.below = min(max(0, o.below+by), max(0, len(o.shown())-height))
}

// window is what is in sight. Each line's text is given to a function that colours it.
func (o *output) window(width, height int, in func(line Line, text string) string) []string {
	shown := o.shown()
	o.below = min(o.below, max(0, len(shown)-height))
	end := len(shown) - o.below
	var window []string
	for _, line := range shown[max(0, end-height):end] {
		window = append(window, in(line, o.lineText(line, width)))
	}
	return window
}

func (o *output) lineText(line Line, width int) string {
	text := printable(line.Text)
	if o.shift > 0 {
		text = ansi.Cut(text, o.shift, o.shift+width)
	}
	if o.target.instance < 0 && line.Instance >= 0 {
		text = fmt.Sprintf("%d  %s", line.Instance, text)
	}
	if !line.Time.IsZero() {
		text = line.Time.Local().Format("15:04:05 ") + text
	}
	return ansi.Truncate(text, width, "…")
}

// printable is a line of a program without its colours, and with other control characters as escapes.
func printable(text string) string {
	return utilinspect.Printable(ansi.Strip(strings.ReplaceAll(text, "\t", "    ")))
}
