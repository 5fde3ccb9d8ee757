package logs

import (
	"bytes"
	"unicode/utf8"
)

// maxLine is how many bytes a line has before it is cut.
const maxLine = 512 << 10

// A cutter cuts what a worker prints into lines.
type cutter struct {
	begun []byte // of a line whose end has not come
	emit  func(line []byte, partial bool)
}

// add adds what the worker has printed next. It does not keep b.
func (c *cutter) add(b []byte) {
	for len(b) > 0 {
		end := bytes.IndexByte(b, '\n')
		if end < 0 {
			c.keep(b)
			return
		}
		if len(c.begun) == 0 && end <= maxLine {
			c.emit(b[:end], false)
		} else {
			c.keep(b[:end])
			c.emit(c.begun, false)
			c.forget()
		}
		b = b[end+1:]
	}
}

// keep adds to the line that is begun, of which what is too long is cut off between two characters.
func (c *cutter) keep(b []byte) {
	for len(c.begun)+len(b) > maxLine {
		n := maxLine - len(c.begun)
		c.begun = append(c.begun, b[:n]...)
		b = b[n:]
		whole := len(c.begun) - halfRune(c.begun)
		c.emit(c.begun[:whole], true)
		c.begun = append(c.begun[:0], c.begun[whole:]...)
	}
	c.begun = append(c.begun, b...)
}

// flush gives what there is of a line whose end has not come. It is partial if the end may come.
func (c *cutter) flush(partial bool) {
	if len(c.begun) > 0 {
		c.emit(c.begun, partial)
		c.forget()
	}
}

// forget is for a line that was given. A long one gives its memory back.
func (c *cutter) forget() {
	if c.begun = c.begun[:0]; cap(c.begun) > 16<<10 {
		c.begun = nil
	}
}

// halfRune is how many bytes at the end are the beginning of a character.
func halfRune(b []byte) int {
	for n := 1; n < utf8.UTFMax && n < len(b); n++ {
		if c := b[len(b)-n]; utf8.RuneStart(c) {
			if !utf8.FullRune(b[len(b)-n:]) {
				return n
			}
			return 0
		}
	}
	return 0
}
