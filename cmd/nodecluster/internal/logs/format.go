package logs

import (
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/dayjs"
)

// timeFormat is that of a line's time, of which the zone is the local one.
const timeFormat = "2006-01-02T15:04:05.000Z07:00"

// pm2TimeFormat is that of the time that PM2 puts before lines under --time.
const pm2TimeFormat = "YYYY-MM-DDTHH:mm:ss"

// The streams of a line.
const (
	streamOut  = "out"
	streamErr  = "err"
	streamNote = "log" // what this package has to say
)

// source is what lines are from.
type source struct {
	instance, worker int
	stream           string
}

// A format writes lines. What stands before the text is the same for all lines of a source at a time, and is made once for them. Neither
// allocates.
type format interface {
	// before appends what stands before the text, as far as it is the same for all.
	before(b []byte, now time.Time, from source) []byte
	// line appends a line that begins with what before has made. The text of one that is partial goes on in the next one.
	line(b, before, text []byte, partial bool) []byte
}

// textFormat is that of the application's own file.
type textFormat struct{}

func (textFormat) before(b []byte, now time.Time, from source) []byte {
	b = append(now.AppendFormat(b, timeFormat), ' ')
	if from.stream == streamNote {
		b = append(b, '-')
	} else {
		b = strconv.AppendInt(b, int64(from.instance), 10)
		b = append(b, '/')
		b = strconv.AppendInt(b, int64(from.worker), 10)
	}
	b = append(b, ' ')
	return append(b, from.stream...)
}

func (textFormat) line(b, before, text []byte, partial bool) []byte {
	b = append(b, before...)
	if partial {
		b = append(b, '+')
	}
	b = append(b, ' ')
	b = append(b, text...)
	return append(b, '\n')
}

// jsonFormat is an object a line.
type jsonFormat struct{}

func (jsonFormat) before(b []byte, now time.Time, from source) []byte {
	b = append(b, `{"time":"`...)
	b = append(now.AppendFormat(b, timeFormat), '"')
	if from.stream != streamNote {
		b = append(b, `,"instance":`...)
		b = strconv.AppendInt(b, int64(from.instance), 10)
		b = append(b, `,"worker":`...)
		b = strconv.AppendInt(b, int64(from.worker), 10)
	}
	b = append(b, `,"stream":"`...)
	b = append(b, from.stream...)
	return append(b, '"')
}

func (jsonFormat) line(b, before, text []byte, partial bool) []byte {
	b = append(b, before...)
	if partial {
		b = append(b, `,"partial":true`...)
	}
	b = append(b, `,"text":"`...)
	b = appendEscaped(b, text)
	return append(b, "\"}\n"...)
}

// rawFormat is the text alone, or after a time and a colon, as PM2 has it.
type rawFormat struct{ time dayjs.Format }

func (f rawFormat) before(b []byte, now time.Time, from source) []byte {
	if !f.time.IsZero() {
		b = append(f.time.Append(b, now), ": "...)
	}
	if from.stream == streamNote {
		b = append(b, "nodecluster: "...)
	}
	return b
}

func (rawFormat) line(b, before, text []byte, _ bool) []byte {
	b = append(b, before...)
	b = append(b, text...)
	return append(b, '\n')
}

const hex = "0123456789abcdef"

// isPlain are the bytes that a string of JSON has as they are.
var isPlain = func() (plain [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		plain[c] = c != '"' && c != '\\' && c != 0x7f
	}
	return plain
}()

// appendEscaped appends the inside of a string of JSON. What is no UTF-8 becomes the replacement character.
func appendEscaped(b, text []byte) []byte {
	for len(text) > 0 {
		n := 0
		for n < len(text) && isPlain[text[n]] {
			n++
		}
		b, text = append(b, text[:n]...), text[n:]
		if len(text) == 0 {
			break
		}
		switch c := text[0]; {
		case c == '"' || c == '\\':
			b, text = append(b, '\\', c), text[1:]
		case c == '\t':
			b, text = append(b, `\t`...), text[1:]
		case c == '\r':
			b, text = append(b, `\r`...), text[1:]
		case c < utf8.RuneSelf:
			b, text = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15]), text[1:]
		default:
			r, size := utf8.DecodeRune(text)
			b, text = utf8.AppendRune(b, r), text[size:]
		}
	}
	return b
}
