package top

import (
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/table"
)

// pane is where the keys go that move.
type pane int

const (
	appsPane pane = iota
	logPane
	workersPane
	panes
)

// model is what is shown. It is one goroutine's.
type model struct {
	session       *session
	color         bool
	width, height int

	loaded bool
	now    time.Time
	err    error // of the last reading of the applications
	apps   selection
	worker int // the selected instance in the pane of the workers
	pane   pane
	output output
	zoomed bool // the log has the whole screen
	help   bool

	question *question
	typing   *string // the filter that is being typed
	message  string  // what came of the last key
	failed   bool    // whether the message is of a failure
}

func newModel(s *session, app string, color bool) *model {
	m := &model{session: s, color: color, width: 80, height: 24}
	m.apps.selected = app
	return m
}

func (m *model) Init() tea.Cmd { return nil }

func (m *model) Update(message tea.Msg) (tea.Model, tea.Cmd) {
	switch message := message.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = message.Width, message.Height
	case tea.KeyPressMsg:
		return m, m.press(message.String(), message.Text)
	case tea.PasteMsg:
		if m.typing != nil {
			m.typeKey("", message.Content)
		}
	case appsMsg:
		m.take(message)
		return m, m.followSelected()
	case linesMsg:
		m.output.add(message)
	case resultMsg:
		m.tell(message)
	}
	return m, nil
}

// take takes the applications as they are now. What could not be read leaves what is shown.
func (m *model) take(message appsMsg) {
	m.loaded, m.now = true, message.now
	if m.err = message.err; m.err == nil {
		m.apps.set(message.apps)
	}
}

// say shows a message until the next one.
func (m *model) say(failed bool, text string) { m.message, m.failed = text, failed }

// tell says what came of a change.
func (m *model) tell(r resultMsg) {
	if r.err != nil {
		text := r.what + " failed: " + r.err.Error()
		if e := (*control.Error)(nil); errors.As(r.err, &e) && len(e.Output) > 0 {
			text += ": " + e.Output[len(e.Output)-1]
		}
		m.say(true, text)
		return
	}
	text := r.what + " done"
	if r.result.Took > 0 {
		text += " in " + table.Duration(time.Duration(r.result.Took)*time.Millisecond)
	}
	if n := len(r.result.Replaced); n > 0 {
		text += fmt.Sprintf(", %d replaced", n)
	}
	if n := r.result.Instances; n > 0 {
		text += ", now " + plural(n, "worker")
	}
	m.say(false, text)
}

// instance is the worker that keys and log are of, -1 for all of the application.
func (m *model) instance() int {
	all := m.instances()
	if m.pane != workersPane || len(all) == 0 {
		return -1
	}
	return all[nearest(all, m.worker)]
}

// instances are those of the selected application, in their order. One that is replaced has two workers.
func (m *model) instances() (all []int) {
	if a := m.apps.app(); a != nil {
		for _, w := range a.Workers {
			all = append(all, w.Instance)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// nearest is the place of a number among sorted ones, or of the next one.
func nearest(sorted []int, n int) int {
	i, _ := slices.BinarySearch(sorted, n)
	return min(i, len(sorted)-1)
}

func (m *model) move(by int) tea.Cmd {
	switch all := m.instances(); {
	case m.pane == logPane || m.zoomed:
		m.output.scroll(-by, m.layout().output)
	case m.pane == workersPane && len(all) > 0:
		m.worker = all[min(max(0, nearest(all, m.worker)+by), len(all)-1)]
	case m.pane == appsPane:
		m.apps.selectAt(m.apps.index() + by)
	}
	return m.followSelected()
}

func (m *model) shift(by int) tea.Cmd {
	m.output.shift = max(0, m.output.shift+by)
	return nil
}

// window is how many lines the pane has.
func (m *model) window() int {
	l := m.layout()
	return max(1, []int{l.apps, l.output, l.workers}[m.pane])
}

func (m *model) focus(by pane) tea.Cmd {
	m.pane = (m.pane + by) % panes
	return m.followSelected()
}

// followSelected has the log shown of what is selected. In the pane of the log that stays what it was.
func (m *model) followSelected() tea.Cmd {
	a := m.apps.app()
	if a == nil || m.pane == logPane && a.Name == m.output.target.app {
		return nil
	}
	if t := m.output.target; t.app != a.Name || t.instance != m.instance() {
		t = target{a.Name, m.instance(), t.number + 1}
		m.output = output{target: t, filter: m.output.filter}
		m.session.follow(t)
	}
	return nil
}

func (m *model) toggleZoom() tea.Cmd {
	m.zoomed = !m.zoomed
	return nil
}

func (m *model) toggleHelp() tea.Cmd {
	m.help = !m.help
	return nil
}

func (m *model) sortByNext() tea.Cmd {
	m.apps.order = (m.apps.order + 1) % len(orders)
	m.apps.arrange()
	m.say(false, "sorted by "+orders[m.apps.order].name)
	return nil
}

// leave leaves what is open, the help first.
func (m *model) leave() tea.Cmd {
	switch {
	case m.help:
		m.help = false
	case *m.filter() != "":
		m.setFilter("")
	case m.zoomed:
		m.zoomed = false
	default:
		m.pane = appsPane
	}
	m.message = ""
	return m.followSelected()
}

// filter is that of the pane.
func (m *model) filter() *string {
	if m.pane == logPane || m.zoomed {
		return &m.output.filter
	}
	return &m.apps.filter
}

func (m *model) setFilter(text string) {
	*m.filter() = text
	m.output.below = 0
	m.apps.arrange()
}

func (m *model) typeFilter() tea.Cmd {
	text := *m.filter()
	m.typing = &text
	return nil
}

// typeKey changes the filter that is typed. It works at once, Enter keeps it and Esc removes it.
func (m *model) typeKey(key, text string) {
	switch key {
	case "enter":
		m.typing = nil
		return
	case "esc":
		m.typing = nil
		m.setFilter("")
		return
	case "backspace":
		_, size := utf8.DecodeLastRuneInString(*m.typing)
		*m.typing = (*m.typing)[:len(*m.typing)-size]
	case "ctrl+u":
		*m.typing = ""
	default:
		*m.typing += text
	}
	m.setFilter(*m.typing)
}
