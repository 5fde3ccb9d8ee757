package main

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"

	"github.com/charmbracelet/x/ansi"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/dayjs"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/logs"
	"github.com/spf13/pflag"
)

// logPrinter is how logs prints lines.
type logPrinter struct {
	json, raw, pairs bool
	time             bool
	timestamp        string
	highlight        string
}

// lineTime is that of --time, and pm2LineTime what PM2 has for --timestamp.
const (
	lineTime    = "YYYY-MM-DDTHH:mm:ss.SSS"
	pm2LineTime = "YYYY-MM-DD-HH:mm:ss"
)

func (p *logPrinter) addTo(flags *pflag.FlagSet) {
	flags.BoolVar(&p.json, "json", false, "print an object a line")
	flags.BoolVar(&p.raw, "raw", false, "print the text alone")
	flags.BoolVar(&p.pairs, "format", false, "print app=NAME id=INSTANCE type=out|error message=TEXT a line, as PM2 does")
	flags.BoolVar(&p.time, "time", false, "print the time of each line")
	flags.StringVar(&p.timestamp, "timestamp", "", "the same in a `FORMAT` of dayjs; write the =, as in --timestamp=HH:mm:ss\n(default none; "+pm2LineTime+" without a FORMAT)")
	flags.Lookup("timestamp").NoOptDefVal = pm2LineTime
	flags.StringVar(&p.highlight, "highlight", "", "on a terminal, show a `WORD` in reverse wherever it is (default none)")
}

// clock is the format of the time before each line.
func (p *logPrinter) clock() dayjs.Format {
	if p.timestamp == "" && p.time {
		return dayjs.Parse(lineTime)
	}
	return dayjs.Parse(p.timestamp)
}

// to gives what prints lines, with a word highlighted where colours are wanted.
func (p logPrinter) to(out io.Writer, colours bool) func(logs.Line) error {
	if !colours {
		p.highlight = ""
	}
	line, clock := p.text, p.clock()
	switch {
	case p.json:
		return func(l logs.Line) error { return json.NewEncoder(out).Encode(l) }
	case p.pairs:
		line = p.pairsOf
	}
	var b []byte
	return func(l logs.Line) error {
		if b = b[:0]; !clock.IsZero() && !l.Time.IsZero() {
			if p.pairs {
				b = append(b, "timestamp="...)
			}
			b = append(clock.Append(b, l.Time.Local()), ' ')
		}
		b = append(line(b, l), '\n')
		_, err := out.Write(b)
		return err
	}
}

// text appends a line as people read it, after what it is from unless that is not wanted.
func (p *logPrinter) text(b []byte, l logs.Line) []byte {
	if !p.raw {
		b = append(b, l.App...)
		if l.Instance >= 0 {
			b = strconv.AppendInt(append(b, '/'), int64(l.Instance), 10)
		}
		bar := " | "
		if l.Stderr {
			bar = " ! "
		}
		b = append(b, bar...)
	}
	return p.message(b, l)
}

// pairsOf appends a line as PM2's --format has it.
func (p *logPrinter) pairsOf(b []byte, l logs.Line) []byte {
	b = append(append(b, "app="...), l.App...)
	switch {
	case l.Instance < 0:
	case l.Stderr:
		b = append(strconv.AppendInt(append(b, " id="...), int64(l.Instance), 10), " type=error"...)
	default:
		b = append(strconv.AppendInt(append(b, " id="...), int64(l.Instance), 10), " type=out"...)
	}
	return p.message(append(b, " message="...), l)
}

var reverse = ansi.NewStyle().Reverse(true)

func (p *logPrinter) message(b []byte, l logs.Line) []byte {
	if l.Note {
		b = append(b, "nodecluster: "...)
	}
	if p.highlight == "" {
		return append(b, l.Text...)
	}
	word := []byte(p.highlight)
	return append(b, bytes.ReplaceAll([]byte(l.Text), word, []byte(reverse.Styled(p.highlight)))...)
}
