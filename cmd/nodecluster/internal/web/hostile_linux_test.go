package web

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/logs"
)

// harm is what would break out of a text, an attribute, a link or a script.
const harm = "javascript:alert(1)//\"'`><script>alert(1)</script><img src=x onerror=alert(1)>&lt;b&gt; {{.}} </title></pre>\u2028\u2029"

// A strange page has strings of others in all places, each beginning with the name of its place.
type strange struct {
	end    string // of each string
	places []string
}

func (s *strange) at(place string) string {
	s.places = append(s.places, place+s.end)
	return place + s.end
}

func (s *strange) apps() []control.App {
	at := time.Now()
	app := control.App{
		Name: s.end, Namespace: s.at("namespace"), State: control.State(s.at("state")), Reason: s.at("reason"), Since: at, Instances: 1,
		Supervisor: &control.Supervisor{Pid: 1, StartedAt: at}, Version: s.at("version"), SizedBy: s.at("size"),
		RestartsBy: map[string]int{s.at("restarts"): 1},
		Workers: []control.Worker{{
			Pid: 1, State: control.WorkerState(s.at("worker")), Reason: s.at("worker's reason"), Runtime: s.at("runtime"), Addresses: []string{s.at("address")},
		}},
		Change: &control.Change{
			Kind: s.at("change"), Reason: s.at("change's reason"), Begun: at, Ended: at, Error: s.at("change's error"), Output: []string{s.at("output")},
		},
	}
	app.Config, _ = json.Marshal(map[string]any{
		s.at("field"): s.at("value"), "args": []string{s.at("argument")}, "other": map[string]string{"x": "y"}, "env": map[string]string{s.at("variable"): ""},
	})
	return []control.App{app}
}

// pages are all pages that show an application, and the parts of its own that streams send.
func (s *strange) pages(t *testing.T) []*html.Node {
	t.Helper()
	apps := s.apps()
	name := apps[0].Name
	failed := &control.Error{Code: control.CodeFailed, Message: s.at("failure"), Output: []string{s.at("failure's output")}}
	source := &recorded{lines: []logs.Line{{Text: s.at("line"), Stderr: true}}, logProblem: errors.New(s.at("log's problem"))}
	server, err := New(Options{Source: source, Token: aToken, Start: func(context.Context, string) error { return failed }})
	if err != nil {
		t.Fatal(err)
	}
	server.machine = s.at("machine")
	server.watch.apps, server.watch.seen, server.watch.problem = apps, true, s.at("problem")
	kept := &watched{history: newHistory(), timeline: &timeline{since: time.Now(), last: apps[0]}}
	kept.timeline.hear(control.Event{Level: "ERROR", Name: s.at("event"), Text: s.at("event's text")})
	server.watch.watched[name] = kept
	texts := []string{answerOf(t, server, "GET", "/"), answerOf(t, server, "GET", pathOf("other-"+name))}
	for _, below := range []string{"", "?grep=(" + url.QueryEscape(s.at("grep")), "/stop", "/restart", "/signal?instance=0", "/" + url.PathEscape(name)} {
		texts = append(texts, answerOf(t, server, "GET", pathOf(name)+below))
	}
	texts = append(texts, answerOf(t, server, "POST", pathOf(name, "start")))
	parts := server.newAppPage(apps[0]).parts()
	for _, id := range slices.Sorted(maps.Keys(parts)) {
		texts = append(texts, parts[id])
	}
	nodes := make([]*html.Node, len(texts))
	for i, text := range texts {
		if nodes[i], err = html.Parse(strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
	}
	return nodes
}

// answerOf gives the page that a server has at a path, whatever its status.
func answerOf(t *testing.T, s *Server, method, path string) string {
	t.Helper()
	request := httptest.NewRequest(method, "http://localhost"+path, strings.NewReader("csrf="+s.guard.csrf()))
	request.Header.Set("Authorization", "Bearer "+aToken)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer := httptest.NewRecorder()
	s.Handler().ServeHTTP(answer, request)
	if !strings.HasPrefix(answer.Header().Get("Content-Type"), "text/html") {
		t.Fatalf("%s %s has the status %d and the type %s", method, path, answer.Code, answer.Header().Get("Content-Type"))
	}
	return answer.Body.String()
}

// outline gives the elements of documents with the names of their attributes, and all their texts and values.
func outline(documents []*html.Node) (elements []string, texts string) {
	var said strings.Builder
	for _, document := range documents {
		for n := range document.Descendants() {
			if n.Type == html.TextNode {
				said.WriteString(n.Data + "\n")
				continue
			}
			names := []string{n.Data}
			for _, a := range n.Attr {
				names = append(names, a.Key)
				said.WriteString(a.Val + "\n")
			}
			elements = append(elements, strings.Join(names, " "))
		}
	}
	return elements, said.String()
}

// links are the values of all attributes that lead somewhere.
func links(documents []*html.Node) (links []string) {
	for _, document := range documents {
		for n := range document.Descendants() {
			for _, a := range n.Attr {
				if slices.Contains([]string{"href", "src", "action", "formaction", "data-stream", "data-log", "data-history"}, a.Key) {
					links = append(links, a.Val)
				}
			}
		}
	}
	return links
}

// Strings of others are shown as they are, and make no element, no attribute and no link of their own.
func TestStringsOfOthers(t *testing.T) {
	tame, hostile := &strange{end: "tame"}, &strange{end: harm}
	want, _ := outline(tame.pages(t))
	pages := hostile.pages(t)
	got, texts := outline(pages)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("strings of others change the pages:\n" + diff)
	}
	for _, place := range hostile.places {
		if !strings.Contains(texts, place) {
			t.Errorf("the pages have no %q", place)
		}
	}
	for _, link := range links(pages) {
		if link != "#main" && (!strings.HasPrefix(link, "/") || strings.HasPrefix(link, "//") || strings.ContainsAny(link, "<>\"'` ")) {
			t.Errorf("a link leads to %q", link)
		}
	}
}
