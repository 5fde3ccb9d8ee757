package logs

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"
)

// Line is a line of a worker, or of this package.
type Line struct {
	// App is the application, for lines of several of them.
	App string `json:"app,omitempty"`
	// Time is when it was read, zero if the file does not say.
	Time time.Time `json:"time,omitzero"`
	// Instance is the number of the worker's place, and Worker its id. They are -1 and 0 of a line that is not, or may not be, a worker's.
	Instance int `json:"instance"`
	Worker   int `json:"worker"`
	// Stderr reports whether it was printed to standard error.
	Stderr bool `json:"stderr,omitempty"`
	// Note reports whether the line is this package's own, which tells of lines that are missing.
	Note bool `json:"note,omitempty"`
	// Partial reports whether it goes on in the next line of the worker and the stream.
	Partial bool `json:"partial,omitempty"`
	// Text is what was printed, without the end of the line.
	Text string `json:"text"`
}

// parse reads a line of a file, without its end, in any of the formats. What is in none of them is text.
func parse(b []byte) Line {
	if len(b) > 0 && b[0] == '{' {
		if line, ok := parseJSON(b); ok {
			return line
		}
	}
	if line, ok := parseText(b); ok {
		return line
	}
	return Line{Instance: -1, Text: string(b)}
}

// jsonLine is a line as JSON has it.
type jsonLine struct {
	Time     *time.Time `json:"time"`
	Instance int        `json:"instance"`
	Worker   int        `json:"worker"`
	Stream   string     `json:"stream"`
	Partial  bool       `json:"partial"`
	Text     *string    `json:"text"`
}

func parseJSON(b []byte) (Line, bool) {
	var parsed jsonLine
	if json.Unmarshal(b, &parsed) != nil || parsed.Time == nil || parsed.Text == nil {
		return Line{}, false
	}
	line := Line{Time: *parsed.Time, Instance: parsed.Instance, Worker: parsed.Worker, Partial: parsed.Partial, Text: *parsed.Text}
	return line, line.setStream([]byte(parsed.Stream))
}

func parseText(b []byte) (line Line, ok bool) {
	at, rest, _ := bytes.Cut(b, []byte{' '})
	from, rest, _ := bytes.Cut(rest, []byte{' '})
	stream, text, isWhole := bytes.Cut(rest, []byte{' '})
	if !isWhole || len(at) > len("2006-01-02T15:04:05.000+07:00") {
		return line, false
	}
	var err error
	if line.Time, err = time.Parse(timeFormat, string(at)); err != nil {
		return line, false
	}
	if string(from) != "-" {
		instance, worker, _ := bytes.Cut(from, []byte{'/'})
		if line.Instance, err = strconv.Atoi(string(instance)); err != nil {
			return line, false
		}
		if line.Worker, err = strconv.Atoi(string(worker)); err != nil {
			return line, false
		}
	}
	stream, line.Partial = bytes.CutSuffix(stream, []byte{'+'})
	line.Text = string(text)
	return line, line.setStream(stream)
}

func (l *Line) setStream(name []byte) bool {
	switch string(name) {
	case streamOut:
	case streamErr:
		l.Stderr = true
	case streamNote:
		l.Note, l.Instance, l.Worker = true, -1, 0
	default:
		return false
	}
	return true
}
