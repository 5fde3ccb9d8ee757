package web

import (
	"fmt"
	"net/http"
	"strconv"

	g "maragu.dev/gomponents"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

// confirmPage asks before something is done that clients may notice.
type confirmPage struct {
	page
	heading, message, action, back, button, instance string
	signals                                          []string
}

// signals are those that the page offers. The first is chosen.
var signals = []string{"SIGTERM", "SIGINT", "SIGHUP", "SIGUSR2", "SIGKILL"}

func (s *Server) confirm(w http.ResponseWriter, r *http.Request) {
	app, ok := s.app(w, r)
	if !ok {
		return
	}
	p, err := newConfirmPage(app, r)
	if err != nil {
		s.fail(w, r, http.StatusNotFound, "There is no such page", err.Error(), p.back, nil)
		return
	}
	p.page = s.newPage(p.heading, "")
	s.show(w, http.StatusOK, p.page, p.section())
}

func (p confirmPage) section() g.Node {
	return el("section", class("card narrow"),
		el("h1", text(p.heading)),
		el("p", text(p.message)),
		p.form(p.action, class("fields"),
			g.If(p.instance != "", hidden("instance", p.instance)),
			g.If(len(p.signals) > 0, choice("signal", "Signal", g.Map(p.signals, func(name string) g.Node { return option(name, name, false) }))),
			mainButton(p.button), text(" "), linkButton(p.back, "Cancel", "button"),
		),
	)
}

func newConfirmPage(app control.App, r *http.Request) (confirmPage, error) {
	action := r.PathValue("action")
	p := confirmPage{action: pathOf(app.Name, action), back: pathOf(app.Name)}
	switch action {
	case "stop":
		p.heading, p.button = "Stop "+app.Name+"?", "Stop"
		p.message = fmt.Sprintf("Its workers finish their requests and leave. nodecluster start %s starts it again.", app.Name)
	case "restart":
		p.heading, p.button = "Restart "+app.Name+"?", "Restart"
		p.message = "All workers leave, and then new ones are started: clients wait meanwhile. A reload starts the new ones first."
	case "signal":
		instance, err := instanceOf(r)
		if err != nil || instance == nil {
			return p, fmt.Errorf("it does not say which worker is meant")
		}
		p.instance, p.signals, p.button = strconv.Itoa(*instance), signals, "Send"
		p.heading = fmt.Sprintf("Send worker %d of %s a signal?", *instance, app.Name)
		p.message = "A worker that ends by it has a successor where the restart policy says so. A reload of the worker starts the new one first."
	default:
		return p, fmt.Errorf("nothing is at %s", r.URL.Path)
	}
	return p, nil
}
