package trace

import (
	"fmt"
	"strings"
	"time"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/utilinspect"
	"github.com/nodecluster/nodecluster/nodeipc/relay"
	"github.com/nodecluster/nodecluster/nodeipc/tracing"
)

// textFormat is for people.
type textFormat struct{ color bool }

// The colours of a terminal, as its escape sequences number them.
const (
	dim     = "2"
	red     = "31"
	green   = "32"
	yellow  = "33"
	blue    = "34"
	magenta = "35"
	cyan    = "36"
)

// paint colours s, if that is wanted.
func (t textFormat) paint(color, s string) string {
	if !t.color {
		return s
	}
	return "\x1b[" + color + "m" + s + "\x1b[0m"
}

func (t textFormat) stamp(line []byte, at time.Time) []byte {
	return append(append(line, t.paint(dim, at.Format("15:04:05.000000"))...), ' ')
}

func (t textFormat) note(text string) []byte {
	return []byte(t.paint(red, "nodecluster trace: "+utilinspect.Printable(text)) + "\n")
}

// who names the child of a channel, each in its colour.
func (t textFormat) who(c *channel) string {
	name := fmt.Sprintf("pid %d", c.report.PID)
	if c.report.Worker != "" {
		name = fmt.Sprintf("worker %s (%d)", utilinspect.Printable(c.report.Worker), c.report.PID)
	}
	colors := []string{blue, magenta, cyan, green, yellow}
	return t.paint(colors[c.number%len(colors)], name)
}

func (t textFormat) started(c *channel) []byte {
	command := utilinspect.Printable(strings.Join(c.report.Command, " "))
	return fmt.Appendf(nil, "%s forked by %d, %s: %s\n", t.who(c), c.report.Parent, c.report.Serialization, command)
}

func (t textFormat) arrow(d relay.Direction) string {
	if d == relay.ToChild {
		return t.paint(green, "→")
	}
	return t.paint(yellow, "←")
}

func (t textFormat) message(c *channel, m *message) []byte {
	line := fmt.Appendf(nil, "%s %s %4d %s", t.who(c), t.arrow(m.Direction), m.Size, t.content(c, m))
	for _, h := range m.Handles {
		line = append(line, "  "+t.paint(magenta, describeHandle(h))...)
	}
	if m.latency > 0 {
		line = append(line, "  "+t.paint(dim, fmt.Sprintf("<%.6f>", m.latency.Seconds()))...)
	}
	return append(line, '\n')
}

func (t textFormat) content(c *channel, m *message) string {
	if m.Kind == relay.Broken {
		return t.paint(red, "broken: "+utilinspect.Printable(m.Err.Error()))
	}
	return inspect(m.Frame, c.advanced())
}

// inspect is a message as it would stand in JavaScript.
func inspect(f *relay.Frame, advanced bool) string {
	switch {
	case f.Kind == relay.Nothing:
		return ""
	case !advanced:
		return utilinspect.JSON(f.Payload)
	case f.Truncated:
		return "[too long to be decoded]"
	default:
		return utilinspect.Advanced(f.Payload)
	}
}

func describeHandle(h relay.Handle) string {
	text := fmt.Sprintf("fd %d", h.FD)
	if h.Network == "" {
		return text
	}
	text += " " + h.Network
	if h.Local != "" {
		text += " " + utilinspect.Printable(h.Local)
	}
	switch {
	case h.Listening:
		text += " listening"
	case h.Remote != "":
		text += " ← " + utilinspect.Printable(h.Remote)
	}
	return text
}

func (t textFormat) ended(c *channel, e *ending) []byte {
	text := "end of the channel"
	if e.Partial > 0 {
		text += fmt.Sprintf(" after %d bytes of a message", e.Partial)
	}
	if e.Err != nil {
		text += ": " + utilinspect.Printable(e.Err.Error())
	}
	return fmt.Appendf(nil, "%s %s %s\n", t.who(c), t.arrow(e.Direction), t.paint(dim, text))
}

func (t textFormat) exited(c *channel, e tracing.Exit) []byte {
	color := dim
	if e.Signal != "" || e.Code != 0 {
		color = red
	}
	return fmt.Appendf(nil, "%s %s\n", t.who(c), t.paint(color, utilinspect.Printable(e.String())))
}
