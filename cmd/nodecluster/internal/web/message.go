package web

import (
	"net/http"
	"strings"

	g "maragu.dev/gomponents"
)

// fail answers with why something could not be done: a script as JSON, and anybody else as a page.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, status int, heading, message, back string, output []string) {
	if wantsJSON(r) {
		writeJSON(w, status, outcome{heading + ": " + message, output})
		return
	}
	s.show(w, status, s.newPage(heading, ""), el("section", class("card notice narrow bad"),
		el("h1", text(heading)),
		el("p", text(message)),
		g.If(len(output) > 0, g.Group{el("p", class("muted"), text("The last lines that the worker printed:")), printed(output)}),
		el("p", el("a", attr("href", back), text("Back"))),
	))
}

// printed are lines that a worker has printed.
func printed(lines []string) g.Node { return el("pre", text(strings.Join(lines, "\n")+"\n")) }
