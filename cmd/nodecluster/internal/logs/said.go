package logs

import "strings"

// said gives the lines of what a worker says by other means than printing. It is cut as what is printed is.
func said(text string, emit func(line []byte, partial bool)) {
	c := cutter{emit: emit}
	c.add([]byte(strings.TrimSuffix(text, "\n")))
	c.add([]byte{'\n'})
}
