// Package dayjs writes times in the formats of the module dayjs, which PM2's users give theirs in.
package dayjs

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Format is a format such as "YYYY-MM-DD HH:mm:ss.SSS". Its zero value writes nothing.
type Format struct{ parts []part }

// part appends one thing of a time.
type part func([]byte, time.Time) []byte

// token is what stands for something in a format. A text in brackets stands for itself.
var token = regexp.MustCompile(`\[[^\]]+\]|Y{1,4}|M{1,4}|D{1,2}|d{1,4}|H{1,2}|h{1,2}|a|A|m{1,2}|s{1,2}|Z{1,2}|SSS`)

// layouts are the tokens that package time has too.
var layouts = map[string]string{
	"YYYY": "2006", "YY": "06", "MMMM": "January", "MMM": "Jan", "MM": "01", "M": "1", "DD": "02", "D": "2", "dddd": "Monday", "ddd": "Mon",
	"HH": "15", "hh": "03", "h": "3", "A": "PM", "a": "pm", "mm": "04", "m": "4", "ss": "05", "s": "5", "Z": "-07:00",
}

// others are the tokens that it does not have.
var others = map[string]part{
	"d":   func(b []byte, t time.Time) []byte { return strconv.AppendInt(b, int64(t.Weekday()), 10) },
	"dd":  func(b []byte, t time.Time) []byte { return append(b, t.Weekday().String()[:2]...) },
	"H":   func(b []byte, t time.Time) []byte { return strconv.AppendInt(b, int64(t.Hour()), 10) },
	"SSS": milliseconds,
}

func milliseconds(b []byte, t time.Time) []byte {
	ms := t.Nanosecond() / int(time.Millisecond)
	return append(b, byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10))
}

// Parse reads a format. Whatever is no token is text, so that there are no wrong ones.
func Parse(text string) (f Format) {
	for text != "" {
		at := token.FindStringIndex(text)
		if at == nil {
			at = []int{len(text), len(text)}
		}
		if at[0] > 0 {
			f.parts = append(f.parts, literal(text[:at[0]]))
		}
		if word := text[at[0]:at[1]]; word != "" {
			f.parts = append(f.parts, partOf(word))
		}
		text = text[at[1]:]
	}
	return f
}

func partOf(word string) part {
	if inside, ok := strings.CutPrefix(word, "["); ok {
		return literal(strings.TrimSuffix(inside, "]"))
	}
	if p, ok := others[word]; ok {
		return p
	}
	layout, ok := layouts[word]
	if !ok {
		layout = "-0700" // dayjs takes all others for ZZ
	}
	return func(b []byte, t time.Time) []byte { return t.AppendFormat(b, layout) }
}

func literal(text string) part {
	return func(b []byte, _ time.Time) []byte { return append(b, text...) }
}

// IsZero reports whether the format writes nothing.
func (f Format) IsZero() bool { return len(f.parts) == 0 }

// Append appends a time.
func (f Format) Append(b []byte, t time.Time) []byte {
	for _, p := range f.parts {
		b = p(b, t)
	}
	return b
}
