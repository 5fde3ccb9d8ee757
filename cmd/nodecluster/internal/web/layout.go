package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	g "maragu.dev/gomponents"
)

// page is what all pages have.
type page struct {
	title, machine, csrf string
	signedIn, canSignOut bool
	stream               string // where the page's updates come from, "" if there are none
	hasCharts            bool
	zone                 int // the minutes that the machine's clocks are ahead of UTC
}

func (s *Server) newPage(title, stream string) page {
	_, zone := time.Now().Zone()
	return page{
		title: title, machine: s.machine, csrf: s.guard.csrf(), signedIn: true, canSignOut: s.options.Token != "", stream: stream, zone: zone / 60,
	}
}

// show answers with a page that has some content.
func (s *Server) show(w http.ResponseWriter, status int, p page, content ...g.Node) {
	document := "<!doctype html>" + render(p.html(content))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(document)))
	w.WriteHeader(status)
	w.Write([]byte(document))
}

// pathOf is the path of an application's page, or of something below it.
func pathOf(name string, below ...string) string {
	return strings.Join(append([]string{"/apps", url.PathEscape(name)}, below...), "/")
}

func (p page) html(content g.Group) g.Node {
	return el("html", attr("lang", "en"),
		p.head(),
		el("body", g.If(p.stream != "", attr("data-stream", p.stream)), attr("data-zone", strconv.Itoa(p.zone)),
			el("a", class("skip"), attr("href", "#main"), text("To the content")),
			p.header(),
			el("main", attr("id", "main"), content),
			el("p", class("toast"), attr("id", "toast"), attr("role", "status"), attr("aria-live", "polite")),
		),
	)
}

func (p page) head() g.Node {
	return el("head",
		el("meta", attr("charset", "utf-8")),
		el("meta", attr("name", "viewport"), attr("content", "width=device-width, initial-scale=1")),
		el("title", text(p.title)),
		el("link", attr("rel", "icon"), attr("href", "/assets/icon.svg"), attr("type", "image/svg+xml")),
		el("link", attr("rel", "stylesheet"), attr("href", "/assets/uplot/uPlot.min.css")),
		el("link", attr("rel", "stylesheet"), attr("href", "/assets/page.css")),
		g.If(p.stream != "", g.Group{
			el("noscript", el("meta", attr("http-equiv", "refresh"), attr("content", "5"))),
			g.If(p.hasCharts, el("script", attr("src", "/assets/uplot/uPlot.iife.min.js"), attr("defer"))),
			el("script", attr("src", "/assets/page.js"), attr("defer")),
		}),
	)
}

func (p page) header() g.Node {
	return el("header", class("top"),
		el("a", class("home"), attr("href", "/"), text("nodecluster")),
		g.If(p.signedIn, el("span", class("machine"), text(p.machine))),
		g.If(p.stream != "", el("span", class("live"), attr("id", "live"), attr("role", "status"), el("noscript", text("Refreshed every 5 s")))),
		g.If(p.canSignOut, p.form("/sign-out", el("button", text("Sign out")))),
	)
}

func muted(content string) g.Node { return el("span", class("muted"), text(content)) }

// stateLabel is a state as a word and a colour.
func stateLabel(state string) g.Node { return label(stateName(state), tones[state]) }

// label is a word in a colour.
func label(word, tone string) g.Node { return el("span", class("state "+tone), text(word)) }

// notice is a paragraph that stands out, in a colour.
func notice(tone string, content ...g.Node) g.Node {
	return el("p", class("card notice "+tone), g.Group(content))
}

// alert is a notice of what is wrong, which a screen reader reads at once.
func alert(problem string) g.Node { return notice("bad", attr("role", "alert"), text(problem)) }
