package table

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/utilinspect"
)

// Describe writes all that is known of an application: what List tells, its workers and their addresses, what its size follows from, its last
// change with what the worker printed that has failed, and the configuration with its secrets masked. It returns the error of w.
func Describe(w io.Writer, a control.App, o Options) error {
	head := facts{o: o}
	head.add(stateTone(&a), "state", stateWord(a.State)+because(a.Reason))
	head.add(usual, "since", o.moment(a.Since))
	head.add(usual, "namespace", a.Namespace)
	head.add(usual, "version", a.Version)
	head.supervisor(a.Supervisor)
	head.workers(&a)
	head.usage(&a)
	head.add(usual, "log file", a.LogFile)
	head.logLines(&a)
	head.add(usual, "actions", strings.Join(control.ActionNames(a.Workers), ", "))
	apps := []control.App{a}
	return write(w, [][]string{
		{o.in(title, utilinspect.Printable(a.Name))}, head.lines(), Workers(apps, o), o.workerReasons(a.Workers), o.measured(a.Workers), o.change(a.Change), o.configuration(a.Config),
	})
}

// facts are lines of a name and what it is.
type facts struct {
	o     Options
	names []string
	texts []string
	tones []tone
}

// add adds a fact, unless it is empty.
func (f *facts) add(t tone, name, text string) {
	if text = utilinspect.Printable(text); text != "" {
		f.names, f.texts, f.tones = append(f.names, utilinspect.Printable(name)), append(f.texts, text), append(f.tones, t)
	}
}

func (f *facts) lines() []string {
	width := 0
	for _, name := range f.names {
		width = max(width, ansi.StringWidth(name))
	}
	lines := make([]string, len(f.names))
	for i, name := range f.names {
		lines[i] = "  " + f.o.in(quiet, name) + strings.Repeat(" ", width-ansi.StringWidth(name)+gap) + f.o.in(f.tones[i], f.texts[i])
	}
	return lines
}

func (o Options) moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return fmt.Sprintf("%s (%s)", o.since(t), t.In(o.now().Location()).Format(time.DateTime))
}

func (f *facts) supervisor(s *control.Supervisor) {
	if s == nil {
		f.add(usual, "supervisor", "does not run")
		return
	}
	text := fmt.Sprintf("pid %d, nodecluster %s, for %s, %s", s.Pid, s.Version, f.o.since(s.StartedAt), Size(s.Memory))
	if s.Foreground {
		text += ", in the foreground"
	}
	f.add(usual, "supervisor", text)
}

func (f *facts) workers(a *control.App) {
	size := fmt.Sprintf("%d ready of %d", a.Ready, a.Instances)
	if a.SizedBy != "" {
		size += ": " + a.SizedBy
	}
	f.add(usual, "instances", size)
	f.add(usual, "restarts", fmt.Sprint(a.Restarts))
	f.add(usual, "replaced", counts(a.RestartsBy))
	f.add(usual, "reloads", counts(a.ReloadsBy))
	var addresses []string
	for _, w := range a.Workers {
		for _, address := range w.Addresses {
			if !slices.Contains(addresses, address) {
				addresses = append(addresses, address)
			}
		}
	}
	f.add(usual, "addresses", strings.Join(addresses, ", "))
}

// counts is a number for each name, those of zero left out: "3 exit, 1 memory".
func counts(by map[string]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(by)) {
		if by[name] != 0 {
			parts = append(parts, fmt.Sprintf("%d %s", by[name], name))
		}
	}
	return strings.Join(parts, ", ")
}

func (f *facts) usage(a *control.App) {
	if !hasProcess(a) {
		return
	}
	f.add(usual, "cpu", fmt.Sprintf("%s, busiest main thread %s", Percent(a.CPU), Percent(100*a.Utilization)))
	f.add(usual, "memory", Size(a.Memory))
	if l := a.Lag; l != nil {
		f.add(usual, "lag", fmt.Sprintf("%s, of a minute: median %s, p99 %s", Milliseconds(l.Last), Milliseconds(l.P50), Milliseconds(l.P99)))
	}
	open := ""
	if a.Connections >= 0 {
		open = fmt.Sprintf("%d open, ", a.Connections)
	}
	f.add(usual, "connections", fmt.Sprintf("%s%d in all, %d waiting to be taken", open, a.Accepted, a.Waiting))
}

func (f *facts) logLines(a *control.App) {
	if a.LoggedLines == 0 && a.DroppedLines == 0 {
		return
	}
	text, t := fmt.Sprintf("%d written", a.LoggedLines), usual
	if a.DroppedLines > 0 {
		text, t = fmt.Sprintf("%s, %d lost that had no room", text, a.DroppedLines), doubtful
	}
	f.add(t, "log lines", text)
}

// workerReasons are those of the workers that have one.
func (o Options) workerReasons(workers []control.Worker) (lines []string) {
	for _, w := range workers {
		if w.Reason != "" {
			text := fmt.Sprintf("worker %s %s%s%s", w.Place(), w.State, o.nextTry([]control.Worker{w}), because(w.Reason))
			lines = append(lines, "  "+o.in(workerTone(w.State), utilinspect.Printable(text)))
		}
	}
	return lines
}

// change is a change as lines, none for nil.
func (o Options) change(c *control.Change) []string {
	if c == nil {
		return nil
	}
	text, t := fmt.Sprintf("%s since %s: %d of %d done", c.Kind, o.clock(c.Begun), c.Done, c.Total), doubtful
	switch {
	case c.Error != "":
		text, t = fmt.Sprintf("%s failed at %s after %s: %s", c.Kind, o.clock(c.Ended), Duration(c.Ended.Sub(c.Begun)), c.Error), bad
	case !c.Ended.IsZero():
		text, t = fmt.Sprintf("%s done at %s in %s", c.Kind, o.clock(c.Ended), Duration(c.Ended.Sub(c.Begun))), usual
	}
	if c.Reason != "" {
		text += " (" + c.Reason + ")"
	}
	lines := []string{o.in(title, "last change"), "  " + o.in(t, utilinspect.Printable(text))}
	for _, line := range c.Output {
		lines = append(lines, "    "+utilinspect.Printable(line))
	}
	return lines
}
