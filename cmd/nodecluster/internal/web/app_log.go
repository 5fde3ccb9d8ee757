package web

import (
	"context"
	"net/http"
	"strconv"

	g "maragu.dev/gomponents"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

// logView is the end of an application's log, as its page shows it, or why it cannot.
type logView struct {
	app     control.App
	filter  filter
	lines   []lineView
	problem string
}

func (s *Server) readLog(r *http.Request, app control.App) logView {
	f, q, err := filterOf(r)
	v := logView{app: app, filter: f}
	if err != nil {
		v.problem = err.Error()
		return v
	}
	ctx, cancel := context.WithTimeout(r.Context(), requestTime)
	defer cancel()
	for line, err := range s.options.Source.Logs(ctx, app.Name, q) {
		if err != nil {
			v.problem = err.Error()
			break
		}
		v.lines = append(v.lines, newLineView(line))
	}
	return v
}

func (v logView) section() g.Node {
	return section("log", "Log", attr("data-log", pathOf(v.app.Name, "log")),
		v.form(),
		el("p", class("muted"), attr("id", "log-problem"), attr("role", "status"), text(v.problem)),
		el("ol", class("log"), attr("id", "log"), attr("tabindex", "0"),
			attr("aria-label", "Lines of the log, the newest last"), g.Map(v.lines, lineView.node)),
	)
}

// form chooses lines. The script sends it whenever it changes.
func (v logView) form() g.Node {
	return el("form", attr("method", "get"), attr("action", pathOf(v.app.Name)+"#log-heading"), class("fields"), attr("id", "log-filter"),
		attr("role", "search"), attr("aria-label", "Filter of the log"),
		input("grep", "Filter", "search", attr("placeholder", "regular expression"), attr("maxlength", strconv.Itoa(maxPattern)),
			attr("value", v.filter.Grep), attr("spellcheck", "false"), attr("autocomplete", "off")),
		choice("stream", "Output", option("", "both", false),
			option("out", "standard output", v.filter.Stream == "out"), option("err", "standard error", v.filter.Stream == "err")),
		choice("instance", "Worker", option("", "all", false), g.Map(v.app.Workers, func(w control.Worker) g.Node {
			return option(strconv.Itoa(w.Instance), strconv.Itoa(w.Instance), w.Instance == v.filter.Instance)
		})),
		el("noscript", el("button", text("Show"))),
	)
}

func (l lineView) node() g.Node {
	return el("li", g.If(l.Stderr, class("error")),
		el("time", attr("datetime", l.At), text(l.Clock)),
		el("span", class("place"), attr("title", "instance"), text(l.Instance)),
		el("span", class("text"), text(l.Text)),
	)
}
