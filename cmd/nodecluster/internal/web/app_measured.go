package web

import (
	"strings"

	g "maragu.dev/gomponents"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

// measured is the table of what the program measures itself, with its actions; nothing if it has neither.
func (p appPage) measured() g.Node {
	names, values := control.Measured(p.app.Workers)
	actions := control.ActionNames(p.app.Workers)
	if len(names) == 0 && len(actions) == 0 {
		return el("p", class("muted"), text("The program sends none. Those with @pm2/io do."))
	}
	return g.Group{
		el("div", class("scroll"), el("table", class("stack"),
			el("thead", el("tr", column("Metric"), column("In each worker"))),
			el("tbody", g.Map(names, func(name string) g.Node {
				return el("tr", attr("data-key", name), el("th", attr("scope", "row"), attr("data-label", "Metric"), text(name)), cell("In each worker", text(values[name])))
			})),
		)),
		g.If(len(actions) > 0, el("p", text("Actions: "+strings.Join(actions, ", ")+". "), el("code", text("nodecluster trigger "+p.app.Name+" ACTION")), text(" has them carried out."))),
	}
}
