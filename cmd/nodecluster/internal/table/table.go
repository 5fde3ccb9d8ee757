// Package table is the text that people read of applications: the list, one application with all, and the list in the form of PM2.
//
// Nothing that it writes moves the cursor or changes the terminal but for colours that were asked for: control characters of names, reasons
// and output are written as escapes.
package table

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/charmbracelet/x/term"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

// Options say how it is written.
type Options struct {
	// Width is that of the terminal in cells. A table leaves columns out that do not fit. 0 is no limit, for what is no terminal.
	Width int
	// Color reports whether colours are wanted.
	Color bool
	// Mini has a table have its most important columns alone.
	Mini bool
	// All has List tell of each worker too.
	All bool
	// Now is what durations are counted to. The zero value is the time of the call.
	Now time.Time
}

// OptionsFor are those for a file, such as standard output: colours and a width if it is a terminal. NO_COLOR and TERM=dumb forbid colours.
func OptionsFor(f *os.File) Options {
	o := Options{Now: time.Now()}
	if !term.IsTerminal(f.Fd()) {
		return o
	}
	if width, _, err := term.GetSize(f.Fd()); err == nil {
		o.Width = width
	}
	o.Color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return o
}

func (o Options) since(t time.Time) string {
	if t.IsZero() {
		return none
	}
	return Duration(o.now().Sub(t))
}

func (o Options) now() time.Time {
	if o.Now.IsZero() {
		return time.Now()
	}
	return o.Now
}

// List writes a table with a line for each application in the order given and, below it, why one is not as it should be: a crash loop,
// workers that do not answer, a change that has failed or goes on. It returns the error of w.
func List(w io.Writer, apps []control.App, o Options) error {
	if len(apps) == 0 {
		_, err := fmt.Fprintln(w, "no applications: nodecluster start SCRIPT starts one")
		return err
	}
	parts := [][]string{Apps(apps, o)}
	if o.All {
		parts = append(parts, Workers(apps, o))
	}
	var notes []string
	for i := range apps {
		notes = append(notes, Notes(&apps[i], o)...)
	}
	parts = append(parts, notes)
	return write(w, parts)
}

// write writes parts with an empty line between each two, and leaves out what is empty.
func write(w io.Writer, parts [][]string) error {
	var b strings.Builder
	for _, lines := range parts {
		if len(lines) > 0 && b.Len() > 0 {
			b.WriteByte('\n')
		}
		for _, line := range lines {
			b.WriteString(line)
			b.WriteByte('\n')
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// none stands where nothing is known.
const none = "-"

// Apps is a line with the titles, and one for each application.
func Apps(apps []control.App, o Options) []string {
	g := grid{columns: []column{
		{title: "app"}, {title: "namespace", drop: 3}, {title: "state"}, {title: "up"}, {title: "version", drop: 2},
		{title: "restarts", right: true, drop: 7}, {title: "cpu", right: true, drop: 6}, {title: "mem", right: true, drop: 5},
		{title: "lag p99", right: true, drop: 4}, {title: "conns", right: true, drop: 8}, {title: "queue", right: true, drop: 1},
		{title: "since", right: true, drop: 9},
	}}
	for i := range apps {
		g.add(appRow(&apps[i], o)...)
	}
	g.leaveOut("namespace", "default", none)
	g.leaveOut("version", none)
	return g.lines(o)
}

func appRow(a *control.App, o Options) []cell {
	row := []cell{
		plain(a.Name), plain(a.Namespace), {stateWord(a.State), stateTone(a)}, plain(fmt.Sprintf("%d/%d", a.Ready, a.Instances)), plain(a.Version),
		plain(fmt.Sprint(a.Restarts)),
	}
	row = append(row, usage(a.Usage, hasProcess(a))...)
	queue := none
	if a.Supervisor != nil {
		queue = fmt.Sprint(a.Waiting)
	}
	return append(row, plain(queue), plain(o.since(a.Since)))
}

// hasProcess reports whether a worker's process runs.
func hasProcess(a *control.App) bool {
	for i := range a.Workers {
		if a.Workers[i].Pid != 0 {
			return true
		}
	}
	return false
}

// usage is the processor, the memory, the lag and the connections.
func usage(u control.Usage, known bool) []cell {
	if !known {
		return []cell{plain(none), plain(none), plain(none), plain(none)}
	}
	lag, conns := none, none
	if u.Lag != nil {
		lag = Milliseconds(u.Lag.P99)
	}
	if u.Connections >= 0 {
		conns = fmt.Sprint(u.Connections)
	}
	return []cell{plain(Percent(u.CPU)), plain(Size(u.Memory)), plain(lag), plain(conns)}
}

// Workers is a line with the titles, and one for each worker of the applications.
func Workers(apps []control.App, o Options) []string {
	g := grid{columns: []column{
		{title: "worker"}, {title: "pid", right: true, drop: 6}, {title: "id", right: true, drop: 1}, {title: "state"},
		{title: "restarts", right: true, drop: 5}, {title: "cpu", right: true, drop: 4}, {title: "mem", right: true, drop: 3},
		{title: "lag p99", right: true, drop: 2}, {title: "conns", right: true, drop: 7}, {title: "since", right: true, drop: 8},
	}}
	for i := range apps {
		for j := range apps[i].Workers {
			g.add(workerRow(apps[i].Name, &apps[i].Workers[j], o)...)
		}
	}
	if len(g.rows) == 0 {
		return nil
	}
	return g.lines(o)
}

func workerRow(app string, w *control.Worker, o Options) []cell {
	pid, id, since := none, none, none
	if w.Pid != 0 {
		pid, since = fmt.Sprint(w.Pid), o.since(w.StartedAt)
	}
	if w.ID != 0 {
		id = fmt.Sprint(w.ID)
	}
	row := []cell{
		plain(app + "/" + w.Place()), plain(pid), plain(id), {string(w.State), workerTone(w.State)}, plain(fmt.Sprint(w.Restarts)),
	}
	return append(append(row, usage(w.Usage, w.Pid != 0)...), plain(since))
}
