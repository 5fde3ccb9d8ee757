package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"

	g "maragu.dev/gomponents"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

// appsPage is the page of all applications.
type appsPage struct {
	page
	apps       []control.App
	namespaces bool // whether any application has one of its own
	problem    string
}

func (s *Server) newAppsPage(r *http.Request) appsPage {
	p := appsPage{page: s.newPage("nodecluster", "/stream")}
	p.apps, p.problem = s.watch.all(r.Context())
	p.namespaces = slices.ContainsFunc(p.apps, func(a control.App) bool { return a.Namespace != "" && a.Namespace != "default" })
	return p
}

func (s *Server) showApps(w http.ResponseWriter, r *http.Request) {
	p := s.newAppsPage(r)
	s.show(w, http.StatusOK, p.page,
		el("div", class("title"), el("h1", text("Applications"))),
		el("div", attr("id", "apps"), p.list()),
	)
}

// list has the applications, or says why there are none.
func (p appsPage) list() g.Node {
	list := g.Group{g.If(p.problem != "", alert(p.problem))}
	switch {
	case len(p.apps) > 0:
		return append(list, p.table(), g.Map(p.apps, failedChange))
	case p.problem == "":
		return append(list, el("p", class("card"), text("No application yet. "),
			el("code", text("nodecluster start app.js --name NAME")), text(" makes one.")))
	}
	return list
}

func (p appsPage) table() g.Node {
	return el("div", class("card scroll"), el("table", class("stack"),
		el("thead", el("tr",
			column("Name"), g.If(p.namespaces, column("Namespace")), column("State"), figureColumn("Ready"), column("Version"),
			figureColumn("Restarts"), figureColumn("CPU"), figureColumn("Memory"), figureColumn("Lag p99"), figureColumn("Connections"),
			figureColumn("Waiting"), figureColumn("Since"), column("Reason"),
		)),
		el("tbody", g.Map(p.apps, p.row)),
	))
}

func (p appsPage) row(app control.App) g.Node {
	// of gives a figure that there is only while the application runs.
	of := func(text string) string { return orDash(text, runs(app)) }
	return el("tr", attr("data-key", app.Name),
		el("th", attr("scope", "row"), class("wide"), el("a", attr("href", pathOf(app.Name)), text(app.Name))),
		g.If(p.namespaces, cell("Namespace", text(app.Namespace))),
		cell("State", stateLabel(string(app.State))),
		figureCell("Ready", of(fmt.Sprintf("%d/%d", app.Ready, app.Instances))),
		cell("Version", text(orDash(app.Version, app.Version != ""))),
		figureCell("Restarts", strconv.Itoa(app.Restarts)),
		figureCell("CPU", of(formatPercent(app.CPU))),
		figureCell("Memory", of(formatBytes(app.Memory))),
		figureCell("Lag p99", formatLag(app.Lag)),
		figureCell("Connections", of(formatCount(app.Connections))),
		figureCell("Waiting", of(strconv.Itoa(app.Waiting))),
		figureCell("Since", formatAgo(app.Since)),
		el("td", class("reason wide"), text(app.Reason)),
	)
}

// failedChange says that an application's last change has failed, if so.
func failedChange(app control.App) g.Node {
	if !failed(app.Change) {
		return nil
	}
	return notice("bad", attr("data-key", "failed-"+app.Name), text(changeText(app.Change)+" · "),
		el("a", attr("href", pathOf(app.Name)), text(app.Name)))
}
