package web

import (
	"net/http"
	"time"

	g "maragu.dev/gomponents"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

// appPage is the page of an application.
type appPage struct {
	page
	app          control.App
	canStart     bool
	canStop      bool
	moments      []moment
	watchedSince time.Time
}

func (s *Server) newAppPage(app control.App) appPage {
	p := appPage{page: s.newPage(app.Name+" – nodecluster", pathOf(app.Name, "stream")), app: app}
	p.canStart, p.canStop, p.hasCharts = s.options.Start != nil, s.options.Stop != nil, true
	p.moments, p.watchedSince = s.watch.moments(app.Name)
	if p.watchedSince.IsZero() {
		p.watchedSince = time.Now()
	}
	return p
}

func (s *Server) showApp(w http.ResponseWriter, r *http.Request) {
	app, ok := s.app(w, r)
	if !ok {
		return
	}
	p := s.newAppPage(app)
	log := s.readLog(r, app)
	s.show(w, http.StatusOK, p.page,
		el("nav", class("crumbs"), attr("aria-label", "Where you are"), el("a", attr("href", "/"), text("Applications"))),
		el("div", attr("id", "summary"), p.summary()),
		el("div", attr("id", "actions"), class("card actions"), p.actions()),
		chartsSection(app.Name),
		section("workers", "Workers", el("div", attr("id", "workers"), p.workers())),
		section("measured", "Metrics of the program", el("div", attr("id", "measured"), p.measured())),
		section("timeline", "What has happened", el("div", attr("id", "timeline"), p.timeline())),
		log.section(),
		section("config", "Configuration as it is applied", el("div", attr("id", "config"), configTable(app.Config))),
	)
}

// parts are the pieces of the page that change, by their ids.
func (p appPage) parts() parts {
	return parts{
		"summary": render(p.summary()), "actions": render(p.actions()), "workers": render(p.workers()), "measured": render(p.measured()), "timeline": render(p.timeline()),
		"config": render(configTable(p.app.Config)),
	}
}

// section is a section of the page with a heading, whose id follows from its name.
func section(name, heading string, content ...g.Node) g.Node {
	id := name + "-heading"
	return el("section", class("card"), attr("aria-labelledby", id), el("h2", attr("id", id), text(heading)), g.Group(content))
}

// chartsSection has a place for each chart. The script draws them.
func chartsSection(name string) g.Node {
	return section("charts", "The last 15 minutes", attr("data-history", pathOf(name, "history")),
		el("noscript", el("p", class("muted"), text("Charts need JavaScript. The table of workers has the latest values."))),
		el("div", class("legend"), attr("id", "legend"), attr("role", "group"), attr("aria-label", "Workers that the charts show")),
		el("div", class("charts"), g.Map(charts, func(c chart) g.Node {
			described := c.Name + " of each worker over the last 15 minutes. The table of workers has the latest values."
			return el("figure", attr("data-chart", c.Key), attr("data-unit", c.Unit),
				el("figcaption", el("span", text(c.Name)), text(" "), el("output")),
				el("div", class("plot"), attr("role", "img"), attr("aria-label", described)),
			)
		})),
	)
}
