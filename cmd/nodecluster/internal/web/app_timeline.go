package web

import (
	"strconv"
	"time"

	g "maragu.dev/gomponents"
)

const (
	clockFormat = "2006-01-02 15:04:05"
	logFormat   = "15:04:05.000"
)

// timeline has what has happened to the application, the newest first.
func (p appPage) timeline() g.Node {
	var list g.Node = el("p", class("muted"), text("Nothing yet."))
	if len(p.moments) > 0 {
		list = el("ol", class("timeline"), g.Map(p.moments, func(m moment) g.Node {
			return el("li", attr("data-key", strconv.Itoa(m.number)),
				el("time", attr("datetime", m.at.Format(time.RFC3339)), text(m.at.Local().Format(clockFormat))),
				label(m.name, m.tone),
				el("span", class("text"), text(m.text)),
			)
		}))
	}
	return g.Group{list, el("p", class("muted"),
		text("Seen since "+p.watchedSince.Format(clockFormat)+". "), el("code", text("nodecluster events "+p.app.Name)), text(" shows each event."))}
}
