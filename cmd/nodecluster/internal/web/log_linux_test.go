package web

import (
	"bufio"
	"net/http"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func TestLogOnPage(t *testing.T) {
	url := serveTo(t, Options{Source: newRecorded()})
	page := bodyOf(t, ask(t, "GET", url+"/apps/api", nil, ""))
	for _, want := range []string{"hello &lt;script&gt;alert(1)&lt;/script&gt;", `class="error"`, "exit code 1: &lt;b&gt;no database&lt;/b&gt;", "nodecluster start api"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	for path, want := range map[string]string{
		"?grep=database": "no hello", "?stream=err": "no hello", "?grep=(": "missing closing", "?instance=x": "no instance",
		"?grep=" + strings.Repeat("x", maxPattern+1): "longer than",
	} {
		page := bodyOf(t, ask(t, "GET", url+"/apps/api"+path, nil, ""))
		if want == "no hello" {
			if strings.Contains(page, "hello") || !strings.Contains(page, "no database</span>") {
				t.Errorf("%s: the page has lines that are not asked for, or lacks one that is", path)
			}
		} else if !strings.Contains(page, want) {
			t.Errorf("%s: the page does not say %q", path, want)
		}
	}
}

// events opens a stream, and gives what is read from it as "name data".
func events(t *testing.T, url string) func() string {
	t.Helper()
	transport := &http.Transport{}
	response, err := (&http.Client{Transport: transport}).Get(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close(); transport.CloseIdleConnections() })
	lines := bufio.NewScanner(response.Body)
	return func() string {
		var event string
		nodetest.Await(t, func() {
			for lines.Scan() && lines.Text() != "" {
				_, value, _ := strings.Cut(lines.Text(), ": ")
				event += value + " "
			}
		}, "an event")
		return strings.TrimSpace(event)
	}
}

func TestLogStream(t *testing.T) {
	url := serveTo(t, Options{Source: newRecorded()})
	next := events(t, url+"/apps/api/log")
	first := next()
	if !strings.HasPrefix(first, `lines {"lines":[{"at":"`) || !strings.Contains(first, `"instance":"1","stderr":true,"text":"no database"`) ||
		strings.Contains(first, `\u001b`) || strings.Contains(first, "leftOut") {
		t.Errorf("the first event is %s", first)
	}
	if none := events(t, url+"/apps/api/log?grep=nothing")(); none != `lines {"lines":[]}` {
		t.Errorf("where nothing is found the first event is %s", none)
	}
	if wrong := events(t, url+"/apps/api/log?grep=(")(); !strings.HasPrefix(wrong, "problem ") {
		t.Errorf("of a wrong filter the first event is %s", wrong)
	}
}

func TestStreamOfApps(t *testing.T) {
	url := serveTo(t, Options{Source: newRecorded()})
	if first := events(t, url+"/stream")(); !strings.HasPrefix(first, `parts {"apps":"`) || !strings.Contains(first, "api") {
		t.Errorf("the first event is %s", first)
	}
	next := events(t, url+"/apps/api/stream")
	if first := next(); !strings.HasPrefix(first, "parts ") || !strings.Contains(first, `"summary"`) || !strings.Contains(first, `"workers"`) {
		t.Errorf("the first event is %s", first)
	}
	if second := next(); !strings.HasPrefix(second, "sample {") && !strings.HasPrefix(second, "parts {") {
		t.Errorf("the second event is %s", second)
	}
}

func TestStreamsAreBounded(t *testing.T) {
	url := serveTo(t, Options{Source: newRecorded()})
	for range maxStreams {
		events(t, url+"/stream")()
	}
	if r := ask(t, "GET", url+"/stream", nil, ""); r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("one more stream has the status %d", r.StatusCode)
	}
}
