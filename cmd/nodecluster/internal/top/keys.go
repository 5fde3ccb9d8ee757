package top

import (
	"context"
	"fmt"
	"slices"

	tea "charm.land/bubbletea/v2"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

// binding is what keys do.
type binding struct {
	keys []string
	name string // of the keys in the help, empty if that has no line for them
	help string
	do   func(*model) tea.Cmd
}

var bindings []binding

func init() { // the help shows bindings, and is one of them
	bindings = []binding{
		{[]string{"up", "k"}, "↑ k", "up, in the log back", func(m *model) tea.Cmd { return m.move(-1) }},
		{[]string{"down", "j"}, "↓ j", "down", func(m *model) tea.Cmd { return m.move(1) }},
		{[]string{"pgup", "ctrl+b"}, "PgUp", "up by a window", func(m *model) tea.Cmd { return m.move(-m.window()) }},
		{[]string{"pgdown", "ctrl+f", "space"}, "PgDn", "down by a window", func(m *model) tea.Cmd { return m.move(m.window()) }},
		{[]string{"home", "g"}, "Home g", "the first", func(m *model) tea.Cmd { return m.move(-far) }},
		{[]string{"end", "G"}, "End G", "the last, in the log follow it", func(m *model) tea.Cmd { return m.move(far) }},
		{[]string{"right"}, "→ ←", "the log to the side, and back", func(m *model) tea.Cmd { return m.shift(sideStep) }},
		{[]string{"left"}, "", "", func(m *model) tea.Cmd { return m.shift(-sideStep) }},
		{[]string{"tab"}, "Tab", "the next pane; in that of the workers r and the log are of one", func(m *model) tea.Cmd { return m.focus(1) }},
		{[]string{"shift+tab"}, "S-Tab", "the pane before", func(m *model) tea.Cmd { return m.focus(panes - 1) }},
		{[]string{"l"}, "l", "the log on the whole screen, and back", (*model).toggleZoom},
		{[]string{"r"}, "r", "reload: new workers first, and nothing changes if they fail", (*model).reload},
		{[]string{"+", "="}, "+", "one worker more", func(m *model) tea.Cmd { return m.scale("+1") }},
		{[]string{"-"}, "-", "one worker less", func(m *model) tea.Cmd { return m.scale("-1") }},
		{[]string{"R"}, "R", "restart: stop all workers, then start", (*model).askRestart},
		{[]string{"s"}, "s", "stop", (*model).askStop},
		{[]string{"S"}, "S", "start what is stopped", (*model).start},
		{[]string{"/"}, "/", "filter the applications, or the log if that is the pane", (*model).typeFilter},
		{[]string{"o"}, "o", "sort by the next of name, cpu, memory, lag, connections, restarts", (*model).sortByNext},
		{[]string{"esc"}, "Esc", "leave the help, a question, a filter, the whole log", (*model).leave},
		{[]string{"ctrl+z"}, "C-z", "suspend", (*model).suspend},
		{[]string{"q", "ctrl+c"}, "q C-c", "quit; changes go on", func(*model) tea.Cmd { return tea.Quit }},
		{[]string{"?", "h"}, "", "", (*model).toggleHelp},
	}
}

// hints is what the last line tells of the keys.
const hints = "q quit  r reload  +/- scale  R restart  s/S stop/start  / filter  o sort  ? help"

const (
	far      = 1 << 30 // further than any list is long
	sideStep = 20      // by how many cells the log moves to the side
)

// press does what a key does, that stands for a text or for none.
func (m *model) press(key, text string) tea.Cmd {
	switch {
	case m.question != nil && key != "ctrl+c":
		return m.answer(key)
	case m.typing != nil && key != "ctrl+c":
		m.typeKey(key, text)
		return m.followSelected()
	}
	for i := range bindings {
		if b := &bindings[i]; slices.Contains(b.keys, key) {
			return b.do(m)
		}
	}
	return nil
}

// question is one that is answered by y, or by any other key with no.
type question struct {
	text string
	yes  func()
}

func (m *model) answer(key string) tea.Cmd {
	q := m.question
	m.question = nil
	if key == "y" || key == "Y" {
		q.yes()
	} else {
		m.say(false, "nothing was done")
	}
	return nil
}

// change has a supervisor be asked for a change, and shows that it goes on.
func (m *model) change(app, verb string, do func(context.Context, *control.Client) (control.Result, error)) {
	m.begin(app, verb, func(ctx context.Context) (control.Result, error) {
		client, err := m.session.source.Client(app)
		if err != nil {
			return control.Result{}, err
		}
		return do(ctx, client)
	})
}

// begin has something be done to an application, and shows that it goes on.
func (m *model) begin(app, verb string, do func(context.Context) (control.Result, error)) {
	m.say(false, fmt.Sprintf("%s: %s …", app, verb))
	m.session.change(app+": "+verb, do)
}

// reload reloads the selected application, or the selected worker in the pane of the workers.
func (m *model) reload() tea.Cmd {
	a := m.running()
	if a == nil {
		return nil
	}
	r, verb := control.Reload{}, "reload"
	if instance := m.instance(); instance >= 0 {
		r.Instance, verb = &instance, fmt.Sprintf("reload of worker %d", instance)
	}
	m.change(a.Name, verb, func(ctx context.Context, c *control.Client) (control.Result, error) { return c.Reload(ctx, r) })
	return nil
}

func (m *model) scale(by string) tea.Cmd {
	if a := m.running(); a != nil {
		s := control.Scale{Instances: by}
		m.change(a.Name, "scale by "+by, func(ctx context.Context, c *control.Client) (control.Result, error) { return c.Scale(ctx, s) })
	}
	return nil
}

func (m *model) askRestart() tea.Cmd {
	if a := m.running(); a != nil {
		name := a.Name
		m.question = &question{fmt.Sprintf("Restart %s? It serves nobody meanwhile.", name), func() {
			m.change(name, "restart", func(ctx context.Context, c *control.Client) (control.Result, error) { return c.Restart(ctx) })
		}}
	}
	return nil
}

func (m *model) askStop() tea.Cmd {
	if a := m.running(); a != nil {
		name := a.Name
		m.question = &question{fmt.Sprintf("Stop %s?", name), func() {
			m.begin(name, "stop", func(ctx context.Context) (control.Result, error) {
				return control.Result{}, m.session.source.Stop(ctx, name)
			})
		}}
	}
	return nil
}

// start starts the selected application, unless it has a supervisor.
func (m *model) start() tea.Cmd {
	a := m.apps.app()
	switch {
	case a == nil:
	case a.Supervisor != nil:
		m.say(true, fmt.Sprintf("%s is %s: R restarts it", a.Name, a.State))
	default:
		name := a.Name
		m.begin(name, "start", func(ctx context.Context) (control.Result, error) {
			return control.Result{}, m.session.source.Start(ctx, name)
		})
	}
	return nil
}

// suspend suspends the program until its shell goes on with it, and draws all anew.
func (m *model) suspend() tea.Cmd {
	if err := m.session.suspend(); err != nil {
		m.say(true, err.Error())
		return nil
	}
	return tea.ClearScreen
}

// running is the selected application if it has a supervisor to ask. Else it says so, and gives nil.
func (m *model) running() *control.App {
	a := m.apps.app()
	if a != nil && a.Supervisor == nil {
		m.say(true, fmt.Sprintf("%s is %s: S starts it", a.Name, a.State))
		return nil
	}
	return a
}
