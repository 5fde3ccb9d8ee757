package web

import (
	"fmt"
	"strconv"

	g "maragu.dev/gomponents"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

// summary says how the application is.
func (p appPage) summary() g.Node {
	app := p.app
	return g.Group{
		el("div", class("title"), el("h1", text(app.Name)), stateLabel(string(app.State)), g.If(app.Version != "", muted("version "+app.Version))),
		g.If(app.Reason != "", notice(toneOfReason(app), text(app.Reason))),
		facts(app),
		g.If(app.SizedBy != "", el("p", class("muted"), text("The number of workers follows from this: "+app.SizedBy+"."))),
		g.If(app.DroppedLines > 0, notice("warn", text(fmt.Sprintf("%d lines of output had no room and are lost.", app.DroppedLines)))),
		g.Iff(app.Change != nil, func() g.Node { return changeNotice(app.Change) }),
	}
}

func toneOfReason(app control.App) string {
	if tone := tones[string(app.State)]; tone == "bad" {
		return tone
	}
	return "warn"
}

func facts(app control.App) g.Node {
	return el("dl", class("card facts"),
		g.If(runs(app), g.Group{
			fact("Ready", fmt.Sprintf("%d of %d", app.Ready, app.Instances), ""),
			fact("CPU", formatPercent(app.CPU), ""),
			fact("Memory", formatBytes(app.Memory), ""),
			fact("Busiest loop", formatShare(app.Utilization), ""),
			fact("Lag p99", formatLag(app.Lag), ""),
			fact("Connections", formatCount(app.Connections), ""),
			fact("Waiting", strconv.Itoa(app.Waiting), ""),
		}),
		fact("Restarts", strconv.Itoa(app.Restarts), formatReasons(app.RestartsBy)),
		fact("Since", formatAgo(app.Since), ""),
		g.Iff(runs(app), func() g.Node {
			return fact("Supervisor", strconv.Itoa(app.Supervisor.Pid), formatBytes(app.Supervisor.Memory))
		}),
	)
}

// fact is a figure with its name, and what else there is to say of it.
func fact(name, figure, more string) g.Node {
	return el("div", el("dt", text(name)), el("dd", text(figure), g.If(more != "", small(more))))
}

// small follows something with more on it.
func small(more string) g.Node {
	return g.Group{text(" "), el("small", class("muted"), text(more))}
}

// changeNotice says how the change that goes on stands, or the last one has ended.
func changeNotice(c *control.Change) g.Node {
	var more g.Node
	switch {
	case !c.Ended.IsZero():
		more = muted(formatAgo(c.Ended) + " ago")
	case c.Total > 0:
		more = el("progress", attr("max", strconv.Itoa(c.Total)), attr("value", strconv.Itoa(c.Done)), text(fmt.Sprintf("%d of %d", c.Done, c.Total)))
	}
	return el("div", class("card notice "+changeTone(c)),
		el("p", text(changeText(c)+" "), more),
		g.If(len(c.Output) > 0, printed(c.Output)),
	)
}

// actions are what can be done to the application as a whole.
func (p appPage) actions() g.Node {
	path := func(action string) string { return pathOf(p.app.Name, action) }
	switch {
	case runs(p.app):
		return g.Group{
			p.changeForm(path("reload"), "Reloading", mainButton("Reload")),
			p.changeForm(path("scale"), "Scaling",
				input("instances", "Workers", "number", attr("min", "1"), attr("max", "1024"), attr("value", strconv.Itoa(p.app.Instances)), attr("required")),
				el("button", text("Scale")),
			),
			linkButton(path("restart"), "Restart…", "button"),
			g.If(p.canStop, linkButton(path("stop"), "Stop…", "button danger")),
			p.changeForm(path("reset"), "Resetting the counters", el("button", text("Reset counters"))),
			g.If(!p.canStop, p.command("stop")),
		}
	case p.canStart:
		return p.changeForm(path("start"), "Starting", mainButton("Start"))
	}
	return p.command("start")
}

// command says by which command the application is started or stopped.
func (p appPage) command(name string) g.Node {
	return el("p", el("code", text("nodecluster "+name+" "+p.app.Name)), text(" "+name+"s it."))
}
