package config

import (
	"fmt"
	"strings"
)

// Error is why a file cannot be read.
type Error struct {
	// File is its name as it was given.
	File string
	// Line and Column are where in it, from 1 on, and 0 where that is not known.
	Line, Column int
	// Message says what is wrong and what to do, in one line.
	Message string
	// Excerpt are the lines there with a caret, or what Node said of the file. It may have several lines, and may be empty.
	Excerpt string
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.File, e.Message)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
}

// FieldError is what LoadOptions.Check has against one field, by its name in a file.
type FieldError struct {
	Field string
	Err   error
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Err.Error() }

func (e *FieldError) Unwrap() error { return e.Err }

// Note is what a file says that is not taken over, or that means something else here.
type Note struct {
	// App is the application's name, "" if it is about the file.
	App string `json:"app,omitempty"`
	// Field is the field as the file has it.
	Field string `json:"field"`
	// Line is where it stands, 0 where that is not known.
	Line int `json:"line,omitempty"`
	// Message says what is not taken over and why, in one line.
	Message string `json:"message"`
}

func (n Note) String() string {
	if n.App == "" {
		return n.Message
	}
	return n.App + ": " + n.Message
}

// excerpt shows a place of a text with the line before it and a caret below it.
func excerpt(text string, line, column int) string {
	lines := strings.Split(text, "\n")
	if line < 1 || line > len(lines) {
		return ""
	}
	var b strings.Builder
	for n := max(line-1, 1); n <= line; n++ {
		fmt.Fprintf(&b, "%5d | %s\n", n, strings.TrimRight(lines[n-1], "\r"))
	}
	before := []rune(lines[line-1])
	before = before[:min(max(column-1, 0), len(before))]
	for i, r := range before {
		if r != '\t' {
			before[i] = ' '
		}
	}
	return b.String() + "      | " + string(before) + "^"
}
