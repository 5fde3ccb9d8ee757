package web

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

// stateName is the state of an application or of a worker in words.
func stateName(state string) string {
	if name, ok := stateNames[control.State(state)]; ok {
		return name
	}
	return state
}

var stateNames = map[control.State]string{
	control.Starting: "starting", control.Online: "online", control.CrashLoop: "crash loop", control.Stopping: "stopping",
	control.Stopped: "stopped", control.Errored: "errored",
}

// tones are the colours of the states of applications and of workers. What is not named has none.
var tones = map[string]string{
	string(control.Online): "good", string(control.Starting): "warn", string(control.Stopping): "warn",
	string(control.CrashLoop): "bad", string(control.Errored): "bad",
	string(control.WorkerUnhealthy): "bad", string(control.WorkerBlocked): "bad", string(control.WorkerWaiting): "bad",
	string(control.WorkerDraining): "warn",
}

func runs(a control.App) bool { return a.Supervisor != nil }

func formatBytes(n int64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d KiB", n>>10)
}

func formatPercent(p float64) string { return formatTenths(p) + " %" }

// formatTenths has a digit after the point where there is one before.
func formatTenths(v float64) string {
	if v < 9.95 {
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

// formatShare is for what goes from 0 to 1.
func formatShare(s float64) string { return fmt.Sprintf("%.0f %%", s*100) }

func formatLag(l *control.Lag) string {
	if l == nil {
		return "–"
	}
	return formatTenths(l.P99) + " ms"
}

// formatCount is for numbers that are negative where they are not known.
func formatCount(n int) string {
	if n < 0 {
		return "–"
	}
	return fmt.Sprint(n)
}

// formatAgo is how long ago a time was, in its largest unit.
func formatAgo(t time.Time) string {
	d := max(0, time.Since(t))
	switch {
	case t.IsZero():
		return "–"
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d d", int(d.Hours()/24))
}

// formatReasons is such as "exit 3, memory 1".
func formatReasons(by map[string]int) string {
	var parts []string
	for _, reason := range slices.Sorted(maps.Keys(by)) {
		if by[reason] > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", reason, by[reason]))
		}
	}
	return strings.Join(parts, ", ")
}

// formatRetry says when a worker that has failed is to have a successor.
func formatRetry(w control.Worker) string {
	if w.RetryAt.IsZero() {
		return ""
	}
	return fmt.Sprintf("next try in %d s", max(0, int(time.Until(w.RetryAt).Seconds()+0.5)))
}

// formatRuntime says what a worker runs on, unless that is Node as nearly always.
func formatRuntime(w control.Worker) string {
	if w.Runtime == "node" {
		return ""
	}
	return w.Runtime
}

func failed(c *control.Change) bool { return c != nil && !c.Ended.IsZero() && c.Error != "" }

// changeNames are what a change is called while it goes on, when it has ended, and as a noun.
type changeNames struct{ going, ended, noun string }

var changes = map[string]changeNames{
	"reload":  {"Reloading", "Reloaded", "The reload"},
	"restart": {"Restarting", "Restarted", "The restart"},
	"scale":   {"Scaling", "Scaled", "The scaling"},
	"replace": {"Replacing a worker", "Replaced a worker", "The replacement of a worker"},
	"stop":    {"Stopping", "Stopped", "The stop"},
}

// changeText says in a line how a change stands.
func changeText(c *control.Change) string {
	names, ok := changes[c.Kind]
	if !ok {
		names = changeNames{c.Kind, c.Kind, c.Kind}
	}
	why, done := "", ""
	if c.Reason != "" {
		why = " (" + c.Reason + ")"
	}
	if c.Total > 1 {
		done = fmt.Sprintf(", %d of %d", c.Done, c.Total)
	}
	switch {
	case failed(c):
		return names.noun + why + " has failed: " + c.Error
	case !c.Ended.IsZero():
		return fmt.Sprintf("%s%s%s, in %.1f s", names.ended, why, done, c.Ended.Sub(c.Begun).Seconds())
	}
	return names.going + why + done
}

func changeTone(c *control.Change) string {
	switch {
	case failed(c):
		return "bad"
	case c.Ended.IsZero():
		return "warn"
	}
	return "good"
}
