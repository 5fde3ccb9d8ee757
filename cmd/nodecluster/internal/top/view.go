package top

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/table"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/utilinspect"
)

var (
	bold    = ansi.NewStyle().Bold()
	faint   = ansi.NewStyle().Faint()
	red     = ansi.NewStyle().ForegroundColor(ansi.Red)
	reverse = ansi.NewStyle().Reverse(true)
)

func (m *model) View() tea.View {
	lines := append([]string{m.head()}, m.body()...)
	lines = lines[:min(len(lines), max(0, m.height-2))]
	for len(lines) < m.height-2 {
		lines = append(lines, "")
	}
	lines = append(lines, m.status(), faint.Styled(hints))
	for i, line := range lines {
		lines[i] = ansi.Truncate(line, m.width, "…")
	}
	v := tea.NewView(strings.Join(lines, "\n"))
	v.AltScreen = true
	return v
}

// layout is how many lines each pane has, without those of the titles.
type layout struct{ apps, workers, notes, output int }

const (
	titles    = 6 // the lines of head, applications, workers, log, status and keys
	mostNotes = 3 // that are shown of an application
)

// layout gives the log a third of the screen at least, and half of the rest to the applications if there are that many.
func (m *model) layout() layout {
	if m.zoomed {
		return layout{output: max(0, m.height-titles+2)}
	}
	l := layout{notes: min(mostNotes, len(m.notes()))}
	rest := max(2, m.height-titles-l.notes)
	lists := rest - rest/3
	workers := 0
	if a := m.apps.app(); a != nil {
		workers = len(a.Workers)
	}
	l.apps = min(max(1, len(m.apps.shown)), max(lists/2, lists-workers))
	l.workers = min(workers, lists-l.apps)
	l.output = rest - l.apps - l.workers
	return l
}

func (m *model) body() []string {
	l := m.layout()
	switch {
	case m.help:
		return helpText()
	case !m.loaded:
		return []string{"reading …"}
	case m.zoomed:
		return m.log(l.output)
	}
	lines := m.list(l.apps)
	lines = append(lines, m.workers(l.workers)...)
	lines = append(lines, m.notes()[:l.notes]...)
	return append(lines, m.log(l.output)...)
}

// head is a line on all applications.
func (m *model) head() string {
	var cpu float64
	var memory int64
	var ready, wanted int
	for _, a := range m.apps.all {
		cpu, memory, ready, wanted = cpu+a.CPU, memory+a.Memory, ready+a.Ready, wanted+a.Instances
	}
	text := "nodecluster"
	if m.apps.filter != "" {
		text += fmt.Sprintf(" only %q", m.apps.filter)
	}
	if m.apps.order > 0 {
		text += " by " + orders[m.apps.order].name
	}
	text += fmt.Sprintf("  %s, %d of %d workers ready, cpu %s, mem %s", plural(len(m.apps.all), "application"), ready, wanted, table.Percent(cpu), table.Size(memory))
	clock := ""
	if m.loaded {
		clock = m.now.Format("15:04:05")
	}
	text = ansi.Truncate(text, max(0, m.width-ansi.StringWidth(clock)-1), "…")
	space := max(0, m.width-ansi.StringWidth(text)-ansi.StringWidth(clock))
	return reverse.Styled(text + strings.Repeat(" ", space) + clock)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func (m *model) options() table.Options {
	return table.Options{Width: max(1, m.width-len(marked)), Color: m.color, Now: m.now}
}

// What stands before the line that is selected, and before others.
const (
	marked   = "> "
	unmarked = "  "
)

// list is the applications.
func (m *model) list(height int) []string {
	if len(m.apps.shown) == 0 {
		return []string{unmarked + m.none()}
	}
	lines := table.Apps(m.apps.shown, m.options())
	return m.rows(lines, height, m.pane == appsPane, func(i int) bool { return i == m.apps.index() })
}

func (m *model) none() string {
	if m.apps.filter != "" {
		return fmt.Sprintf("no application is %q", m.apps.filter)
	}
	return "no applications: nodecluster start SCRIPT starts one"
}

func (m *model) workers(height int) []string {
	a := m.apps.app()
	if a == nil || height == 0 {
		return nil
	}
	selected := m.instance()
	lines := table.Workers([]control.App{*a}, m.options())
	return m.rows(lines, height, m.pane == workersPane, func(i int) bool { return a.Workers[i].Instance == selected })
}

// rows are the titles of a table and as many of its rows as fit, the selected ones among them.
func (m *model) rows(lines []string, height int, focused bool, selected func(i int) bool) []string {
	title, rows := lines[0], lines[1:]
	if focused {
		title = reverse.Styled(ansi.Strip(title))
	}
	first := 0
	for i := range rows {
		if !selected(i) {
			rows[i] = unmarked + rows[i]
			continue
		}
		rows[i] = bold.Styled(marked) + rows[i]
		if i >= first+height {
			first = i - height + 1
		}
	}
	return append([]string{unmarked + title}, rows[first:min(len(rows), first+height)]...)
}

// notes are those of the selected application.
func (m *model) notes() []string {
	if a := m.apps.app(); a != nil {
		return table.Notes(a, m.options())
	}
	return nil
}

// log is a title and the window on the log.
func (m *model) log(height int) []string {
	o := &m.output
	title := "no log"
	if t := o.target; t.app != "" {
		title = "log of " + t.app
		if t.instance >= 0 {
			title += fmt.Sprintf("/%d", t.instance)
		}
	}
	if o.filter != "" {
		title += fmt.Sprintf(", only %q", o.filter)
	}
	window := o.window(m.width, height, m.logLine)
	if o.below > 0 {
		title += fmt.Sprintf(", %s further (End follows)", plural(o.below, "line"))
	}
	if o.err != nil {
		title += ": " + o.err.Error()
	}
	title = "── " + utilinspect.Printable(title) + " "
	title += strings.Repeat("─", max(0, m.width-ansi.StringWidth(title)))
	if m.pane == logPane || m.zoomed {
		title = reverse.Styled(title)
	}
	return append([]string{title}, window...)
}

func (m *model) logLine(line Line, text string) string {
	switch {
	case line.Instance < 0:
		return faint.Styled(text)
	case line.Stderr:
		return m.inRed(text)
	}
	return text
}

// status is the line of a question, of a filter that is typed, of what could not be read, or of what came of the last key.
func (m *model) status() string {
	switch {
	case m.question != nil:
		return bold.Styled(utilinspect.Printable(m.question.text) + " y/n")
	case m.typing != nil:
		return "filter: " + utilinspect.Printable(*m.typing) + reverse.Styled(" ") + "  (Enter keeps it, Esc ends it)"
	case m.message == "" && m.err != nil:
		return m.inRed(utilinspect.Printable("the applications could not be read: " + m.err.Error()))
	case m.failed:
		return m.inRed(utilinspect.Printable(m.message))
	}
	return utilinspect.Printable(m.message)
}

func (m *model) inRed(text string) string {
	if m.color {
		return red.Styled(text)
	}
	return text
}

// helpText is a line for each binding that has one. All of them fit on a screen of 24 lines.
func helpText() (lines []string) {
	for _, b := range bindings {
		if b.name != "" {
			lines = append(lines, fmt.Sprintf("  %-7s %s", b.name, b.help))
		}
	}
	return lines
}
