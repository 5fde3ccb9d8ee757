package web

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	g "maragu.dev/gomponents"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

// workers is the table of the application's workers.
func (p appPage) workers() g.Node {
	if len(p.app.Workers) == 0 {
		return el("p", class("muted"), text("No worker runs."))
	}
	return el("div", class("scroll"), el("table", class("stack"),
		el("thead", el("tr",
			column("Worker"), column("State"), figureColumn("Pid"), figureColumn("Up"), figureColumn("Restarts"), figureColumn("CPU"),
			figureColumn("Memory"), figureColumn("Loop"), figureColumn("Lag p99"), figureColumn("Connections"), column("Listens on"),
			el("th", attr("scope", "col"), el("span", class("unseen"), text("Actions"))),
		)),
		el("tbody", g.Map(p.app.Workers, p.worker)),
	))
}

func (p appPage) worker(w control.Worker) g.Node {
	// of gives a figure that there is only of a process.
	of := func(text string) string { return orDash(text, w.Pid != 0) }
	return el("tr", attr("data-key", fmt.Sprintf("%d-%d", w.Instance, w.ID)),
		el("th", attr("scope", "row"), attr("data-label", "Worker"), text(w.Place()), g.If(formatRuntime(w) != "", small(formatRuntime(w)))),
		cell("State", stateLabel(string(w.State))),
		figureCell("Pid", of(strconv.Itoa(w.Pid))),
		figureCell("Up", formatAgo(w.StartedAt)),
		figureCell("Restarts", strconv.Itoa(w.Restarts)),
		figureCell("CPU", of(formatPercent(w.CPU))),
		figureCell("Memory", of(formatBytes(w.Memory))),
		figureCell("Loop", of(formatShare(w.Utilization))),
		figureCell("Lag p99", formatLag(w.Lag)),
		figureCell("Connections", of(formatCount(w.Connections))),
		cell("Listens on", g.If(len(w.Addresses) == 0, class("muted")), text(orDash(strings.Join(w.Addresses, ", "), len(w.Addresses) > 0))),
		el("td", class("wide"), el("div", class("actions"), p.workerActions(w)), muted(reasonOf(w))),
	)
}

// reasonOf says why a worker is in its state, and what follows.
func reasonOf(w control.Worker) string {
	reasons := slices.DeleteFunc([]string{w.Reason, formatRetry(w)}, func(reason string) bool { return reason == "" })
	return strings.Join(reasons, "; ")
}

func (p appPage) workerActions(w control.Worker) g.Node {
	if w.Role != "" { // it is no instance
		return nil
	}
	instance := strconv.Itoa(w.Instance)
	reload := p.changeForm(pathOf(p.app.Name, "reload"), "Reloading worker "+instance,
		hidden("instance", instance), el("button", attr("aria-label", "Reload worker "+instance), text("Reload")))
	if w.Pid == 0 {
		return reload
	}
	signal := pathOf(p.app.Name, "signal") + "?instance=" + instance
	return g.Group{reload, linkButton(signal, "Signal…", "button danger", attr("aria-label", "Signal worker "+instance+"…"))}
}
