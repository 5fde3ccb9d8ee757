package table

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/utilinspect"
)

// stateWord is a state as people write it.
func stateWord(s control.State) string {
	if s == control.CrashLoop {
		return "crash loop"
	}
	return string(s)
}

func stateTone(a *control.App) tone {
	switch a.State {
	case control.Online:
		if a.Ready < a.Instances {
			return doubtful
		}
		return good
	case control.CrashLoop, control.Errored:
		return bad
	case control.Starting, control.Stopping:
		return doubtful
	}
	return quiet
}

func workerTone(s control.WorkerState) tone {
	switch s {
	case control.WorkerOnline:
		return good
	case control.WorkerUnhealthy, control.WorkerBlocked, control.WorkerWaiting, control.WorkerErrored:
		return bad
	case control.WorkerStarting, control.WorkerDraining:
		return doubtful
	}
	return quiet
}

// Notes are the lines that say why an application is not as it should be, and what is being changed. There may be none.
func Notes(a *control.App, o Options) []string {
	var notes []string
	add := func(t tone, format string, args ...any) {
		notes = append(notes, o.in(t, utilinspect.Printable(a.Name+": "+fmt.Sprintf(format, args...))))
	}
	switch tone := stateTone(a); {
	case a.State == control.CrashLoop:
		add(tone, "crash loop%s%s", o.nextTry(a.Workers), because(a.Reason))
	case a.State == control.Errored:
		add(tone, "errored%s", because(a.Reason))
	case a.Reason != "":
		add(tone, "%s%s", stateWord(a.State), because(a.Reason))
	}
	for _, g := range troubles(a) {
		add(bad, "%s %s%s%s", g.who(), g.state, o.nextTry(g.workers), because(g.reason))
	}
	if c := a.Change; c != nil {
		if note, tone := o.changeNote(c, a.Name); note != "" {
			add(tone, "%s", note)
		}
	}
	return notes
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

// nextTry tells when the first of the workers is started that are to be tried again.
func (o Options) nextTry(workers []control.Worker) string {
	var first time.Time
	for _, w := range workers {
		if w.State == control.WorkerWaiting && !w.RetryAt.IsZero() && (first.IsZero() || w.RetryAt.Before(first)) {
			first = w.RetryAt
		}
	}
	if first.IsZero() {
		return ""
	}
	return ", next try in " + Duration(first.Sub(o.now()))
}

// trouble is workers that are in the same bad state for the same reason.
type trouble struct {
	state   control.WorkerState
	reason  string
	workers []control.Worker
}

// troubles are those of workers that the application's own reason does not tell of.
func troubles(a *control.App) (all []trouble) {
	for _, w := range a.Workers {
		if workerTone(w.State) != bad || w.Reason == a.Reason && a.Reason != "" || w.State == control.WorkerWaiting && a.State == control.CrashLoop {
			continue
		}
		i := slices.IndexFunc(all, func(t trouble) bool { return t.state == w.State && t.reason == w.Reason })
		if i < 0 {
			i = len(all)
			all = append(all, trouble{state: w.State, reason: w.Reason})
		}
		all[i].workers = append(all[i].workers, w)
	}
	return all
}

// who names the workers: "worker 2", "workers 0, 1, 2 and 13 more".
func (t trouble) who() string {
	const most = 8
	if len(t.workers) == 1 {
		return "worker " + t.workers[0].Place()
	}
	var names []string
	for _, w := range t.workers[:min(most, len(t.workers))] {
		names = append(names, w.Place())
	}
	who := "workers " + strings.Join(names, ", ")
	if more := len(t.workers) - most; more > 0 {
		who += fmt.Sprintf(" and %d more", more)
	}
	return who
}

// changeNote tells of a change that goes on or has failed. It is empty for one that is done.
func (o Options) changeNote(c *control.Change, app string) (string, tone) {
	switch {
	case c.Ended.IsZero():
		return fmt.Sprintf("%s under way, %d of %d done, for %s%s", c.Kind, c.Done, c.Total, o.since(c.Begun), because(c.Reason)), doubtful
	case c.Error != "":
		return fmt.Sprintf("the %s of %s failed: %s (nodecluster logs %s)", c.Kind, o.clock(c.Ended), c.Error, app), bad
	}
	return "", usual
}

// clock is a time of day, with the date if it is not of today.
func (o Options) clock(t time.Time) string {
	now := o.now()
	t = t.In(now.Location())
	if t.YearDay() == now.YearDay() && t.Year() == now.Year() {
		return t.Format("15:04")
	}
	return t.Format("2 Jan 15:04")
}
