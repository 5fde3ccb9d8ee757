package web

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

//go:embed templates
var templateFiles embed.FS

var templates = template.Must(template.New("").Funcs(functions).ParseFS(templateFiles, "templates/*.html"))

// page is what all pages have.
type page struct {
	Title, Machine, CSRF string
	SignedIn, CanSignOut bool
	Stream               string  // where the page's updates come from, "" if there are none
	Zone                 int     // the minutes that the machine's clocks are ahead of UTC
	Charts               []chart // of this page
}

type appsPage struct {
	page
	Apps       []control.App
	Namespaces bool // whether any application has one of its own
	Problem    string
}

type appPage struct {
	page
	App          control.App
	CanStart     bool
	Timeline     []momentView
	WatchedSince string
	Config       []setting
	Filter       filter
	Lines        []lineView
	LogProblem   string
}

// momentView is a moment of a timeline, as it is shown.
type momentView struct {
	Key                         int
	At, Clock, Name, Tone, Text string
}

const (
	clockFormat = "2006-01-02 15:04:05"
	logFormat   = "15:04:05.000"
)

func (s *Server) newPage(title, stream string) page {
	_, zone := time.Now().Zone()
	return page{
		Title: title, Machine: s.machine, CSRF: s.guard.csrf(), SignedIn: true, CanSignOut: s.options.Token != "", Stream: stream, Zone: zone / 60,
	}
}

func (s *Server) newAppsPage(r *http.Request) appsPage {
	p := appsPage{page: s.newPage("nodecluster", "/stream")}
	p.Apps, p.Problem = s.watch.all(r.Context())
	p.Namespaces = slices.ContainsFunc(p.Apps, func(a control.App) bool { return a.Namespace != "" && a.Namespace != "default" })
	return p
}

func (s *Server) newAppPage(app control.App) appPage {
	p := appPage{page: s.newPage(app.Name+" – nodecluster", "/apps/"+app.Name+"/stream"), App: app, CanStart: s.options.Start != nil, Config: settingsOf(app.Config)}
	p.Charts = charts
	moments, since := s.watch.moments(app.Name)
	if since.IsZero() {
		since = time.Now()
	}
	p.WatchedSince = since.Format(clockFormat)
	for _, m := range moments {
		p.Timeline = append(p.Timeline, momentView{m.number, m.at.Format(time.RFC3339), m.at.Local().Format(clockFormat), m.name, m.tone, m.text})
	}
	return p
}

func (s *Server) showApps(w http.ResponseWriter, r *http.Request) {
	s.show(w, http.StatusOK, "apps", s.newAppsPage(r))
}

func (s *Server) showApp(w http.ResponseWriter, r *http.Request) {
	app, ok := s.app(w, r)
	if !ok {
		return
	}
	p := s.newAppPage(app)
	s.readLog(r, &p)
	s.show(w, http.StatusOK, "app", p)
}

// show renders a page as a whole before anything of it is sent.
func (s *Server) show(w http.ResponseWriter, status int, name string, data any) {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	w.Write(b.Bytes())
}

// messagePage says one thing.
type messagePage struct {
	page
	Heading, Message, Tone, Back string
	Output                       []string
}

// fail answers with why something could not be done: a script as JSON, and anybody else as a page.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, status int, heading, message, back string, output []string) {
	if wantsJSON(r) {
		writeJSON(w, status, outcome{heading + ": " + message, output})
		return
	}
	s.show(w, status, "message", messagePage{s.newPage(heading, ""), heading, message, "bad", back, output})
}
