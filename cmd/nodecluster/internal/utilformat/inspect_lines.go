package utilformat

import (
	"math"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// join puts the parts of an object between its braces: on one line where there is room and few levels are within, and else each on its own.
// a is the array that they are of, or nil.
func (i *inspector) join(parts []string, base, braces string, level int, a *structuredclone.Array) string {
	if base != "" {
		base += " "
	}
	open, end := base+braces[:1], braces[1:]
	count := len(parts)
	if a != nil && count > 6 {
		parts = i.columns(parts, a)
	}
	if i.deepest-level < compact && count == len(parts) {
		if start := len(parts) + i.indentation + len(braces[:1]) + len(strings.TrimSuffix(base, " ")) + 10; fits(parts, start, base) {
			line := strings.Join(parts, ", ")
			if !strings.Contains(line, "\n") {
				return open + " " + line + " " + end
			}
		}
	}
	indentation := "\n" + strings.Repeat(" ", i.indentation)
	return open + indentation + "  " + strings.Join(parts, ","+indentation+"  ") + indentation + end
}

// fits reports whether parts have room on one line that has start characters already.
func fits(parts []string, start int, base string) bool {
	total := len(parts) + start
	if total+len(parts) > breakLength {
		return false
	}
	for _, p := range parts {
		if total += units(p); total > breakLength {
			return false
		}
	}
	return !strings.Contains(base, "\n")
}

// columns puts elements of an array that are many and short in columns. It gives one string for each line then.
func (i *inspector) columns(parts []string, a *structuredclone.Array) []string {
	shown := parts
	if len(parts) > maxElements {
		shown = parts[:len(parts)-1] // without what tells of more
	}
	const between = 2
	widths, total, widest := make([]int, len(shown)), 0, 0
	for n, p := range shown {
		widths[n] = ansi.StringWidth(p)
		total += widths[n] + between
		widest = max(widest, widths[n])
	}
	column := widest + between
	if column*3+i.indentation >= breakLength || float64(total)/float64(column) <= 5 && widest > 6 {
		return parts
	}
	n := i.columnCount(total, column, len(parts), len(shown))
	if n <= 1 {
		return parts
	}
	room := make([]int, n)
	for at, w := range widths {
		room[at%n] = max(room[at%n], w+between)
	}
	lines := lay(shown, widths, room, areNumbers(a, len(parts)))
	return append(lines, parts[len(shown):]...)
}

// columnCount is how many columns make a shape that is good to read.
func (i *inspector) columnCount(total, column, parts, shown int) int {
	const height = 2.5 // of a character, in its widths
	bias := math.Sqrt(float64(column) - float64(total)/float64(parts))
	width := max(float64(column)-3-bias, 1)
	return min(
		int(math.Floor(math.Sqrt(height*width*float64(shown))/width+0.5)),
		(breakLength-i.indentation)/column,
		compact*4,
		15,
	)
}

// areNumbers reports whether the first elements are numbers, which stand to the right in their columns.
func areNumbers(a *structuredclone.Array, n int) bool {
	if n > len(a.Elements) { // the length is among them
		return false
	}
	for _, e := range a.Elements[:n] {
		switch e.(type) {
		case float64, int32:
		default:
			return false
		}
	}
	return true
}

// lay lays elements out in columns of which each has some room.
func lay(parts []string, widths, room []int, right bool) (lines []string) {
	for begin := 0; begin < len(parts); begin += len(room) {
		end := min(begin+len(room), len(parts))
		var line strings.Builder
		for at := begin; at < end; at++ {
			text, width := parts[at], room[at-begin]
			if at < end-1 {
				text += ", "
			} else {
				width -= 2
			}
			fill := strings.Repeat(" ", max(0, width-widths[at]-(len(text)-len(parts[at]))))
			switch {
			case right:
				line.WriteString(fill + text)
			case at < end-1:
				line.WriteString(text + fill)
			default:
				line.WriteString(text)
			}
		}
		lines = append(lines, line.String())
	}
	return lines
}
