package web

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

// confirmPage asks before something is done that clients may notice.
type confirmPage struct {
	page
	Heading, Message, Action, Back, Button, Instance string
	Signals                                          []string
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
		s.fail(w, r, http.StatusNotFound, "There is no such page", err.Error(), p.Back, nil)
		return
	}
	p.page = s.newPage(p.Heading, "")
	s.show(w, http.StatusOK, "confirm", p)
}

func newConfirmPage(app control.App, r *http.Request) (confirmPage, error) {
	action := r.PathValue("action")
	p := confirmPage{Action: "/apps/" + app.Name + "/" + action, Back: "/apps/" + app.Name}
	switch action {
	case "stop":
		p.Heading, p.Button = "Stop "+app.Name+"?", "Stop"
		p.Message = fmt.Sprintf("Its workers finish their requests and leave. nodecluster start %s starts it again.", app.Name)
	case "restart":
		p.Heading, p.Button = "Restart "+app.Name+"?", "Restart"
		p.Message = "All workers leave, and then new ones are started: clients wait meanwhile. A reload starts the new ones first."
	case "signal":
		instance, err := instanceOf(r)
		if err != nil || instance == nil {
			return p, fmt.Errorf("it does not say which worker is meant")
		}
		p.Instance, p.Signals, p.Button = strconv.Itoa(*instance), signals, "Send"
		p.Heading = fmt.Sprintf("Send worker %d of %s a signal?", *instance, app.Name)
		p.Message = "A worker that ends by it has a successor where the restart policy says so. A reload of the worker starts the new one first."
	default:
		return p, fmt.Errorf("nothing is at %s", r.URL.Path)
	}
	return p, nil
}
