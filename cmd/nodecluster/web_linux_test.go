package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// talkative is a program that serves, and prints a line for each request.
const talkative = `const instance = process.env.NODECLUSTER_INSTANCE;
require('http').createServer((request, answer) => {
  console.log('GET ' + request.url);
  if (request.url.startsWith('/error')) console.error('\x1b[31mfailed\x1b[0m: <b>' + request.url + '</b>');
  answer.end(String(process.pid));
}).listen(process.env.PORT, () => console.log('worker ' + instance + ' listens'));
`

func writeText(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// servedPage is nodecluster web, with two applications: api, which runs, and broken, which does not.
type servedPage struct {
	*manager
	url    string
	port   int
	script string
	client *http.Client
	end    func() // ends the program, as the end of the test does
}

func servePage(t *testing.T, flags ...string) *servedPage {
	t.Helper()
	m := newManager(t)
	p := &servedPage{manager: m, port: nodetest.FreePort(t), script: filepath.Join(t.TempDir(), "server.js")}
	writeText(t, p.script, talkative)
	m.do("start", p.script, "-n", "api", "-i", "2", "--bake", "10ms", "--env", fmt.Sprint("PORT=", p.port), "--env", "SECRET=hunter2")
	broken := filepath.Join(t.TempDir(), "broken.js")
	writeText(t, broken, "throw new Error('no database')")
	m.run("start", broken, "-n", "broken")
	for range 10 {
		answerOf(t, p.port)
	}
	p.serve(t, flags)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	p.client = &http.Client{Jar: jar, Transport: transport}
	return p
}

// serve starts the program, which ends with the test.
func (p *servedPage) serve(t *testing.T, flags []string) {
	t.Helper()
	command := exec.Command(binary, append([]string{"web", "--listen", "127.0.0.1:0"}, flags...)...)
	command.Env = append(os.Environ(), p.env...)
	command.Stderr = os.Stderr
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	p.end = sync.OnceFunc(func() {
		command.Process.Signal(syscall.SIGTERM)
		if err := command.Wait(); err != nil {
			p.t.Errorf("web has ended: %v", err)
		}
	})
	p.t.Cleanup(p.end)
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	p.url = strings.TrimSpace(line)
}

// get gives what is at a path.
func (p *servedPage) get(t *testing.T, path string) (status int, body string) {
	t.Helper()
	response, err := p.client.Get(p.url + path)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, read(t, response.Body)
}

func read(t *testing.T, body io.ReadCloser) string {
	t.Helper()
	defer body.Close()
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var csrfField = regexp.MustCompile(`name="csrf" value="([0-9a-f]+)"`)

// post sends a form as a browser without JavaScript does.
func (p *servedPage) post(t *testing.T, path string, form url.Values) (status int, body string) {
	t.Helper()
	_, page := p.get(t, "/apps/api")
	form.Set("csrf", csrfField.FindStringSubmatch(page)[1])
	response, err := p.client.PostForm(p.url+path, form)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, read(t, response.Body)
}

func TestPage(t *testing.T) {
	p := servePage(t)
	t.Run("applications", func(t *testing.T) {
		_, page := p.get(t, "/")
		for _, want := range []string{`href="/apps/api"`, "online", "2/2", `href="/apps/broken"`, "errored", "ended with code 1"} {
			if !strings.Contains(page, want) {
				t.Errorf("the page has no %q:\n%s", want, page)
			}
		}
	})
	t.Run("application", func(t *testing.T) {
		_, page := p.get(t, "/apps/api")
		for _, pid := range p.pids("api") {
			if !strings.Contains(page, fmt.Sprintf(">%d<", pid)) {
				t.Errorf("the page has no worker %d", pid)
			}
		}
		if strings.Contains(page, "hunter2") || !strings.Contains(page, "env: SECRET") {
			t.Error("the page has the value of a variable, or not its name")
		}
	})
	t.Run("reload", func(t *testing.T) {
		before := p.pids("api")
		status, page := p.post(t, "/apps/api/reload", url.Values{})
		after := p.pids("api")
		if status != http.StatusOK || len(after) != 2 || slices.ContainsFunc(after, func(pid int) bool { return slices.Contains(before, pid) }) {
			t.Errorf("after a reload, with status %d, the workers are %v, before %v", status, after, before)
		}
		for _, pid := range after {
			if !strings.Contains(page, fmt.Sprintf(">%d<", pid)) {
				t.Errorf("the page has no worker %d after the reload", pid)
			}
		}
	})
	t.Run("scale", func(t *testing.T) {
		if status, _ := p.post(t, "/apps/api/scale", url.Values{"instances": {"3"}}); status != http.StatusOK || p.app("api").Ready != 3 {
			t.Errorf("after a scaling, with status %d, %d workers are ready", status, p.app("api").Ready)
		}
		if status, page := p.post(t, "/apps/api/scale", url.Values{"instances": {"many"}}); status != http.StatusBadRequest || !strings.Contains(page, "no number") {
			t.Errorf("a scaling to no number has the status %d", status)
		}
	})
	t.Run("signal", func(t *testing.T) {
		before := p.pids("api")[1]
		if status, _ := p.post(t, "/apps/api/signal", url.Values{"instance": {"1"}, "signal": {"SIGKILL"}}); status != http.StatusOK {
			t.Errorf("a signal has the status %d", status)
		}
		poll(t, "the worker has a successor", func() bool { pids := p.pids("api"); return len(pids) == 3 && pids[1] != before && pids[1] != 0 })
	})
	t.Run("metrics", func(t *testing.T) {
		if status, text := p.get(t, "/metrics"); status != http.StatusOK || !strings.Contains(text, `nodecluster_app_up{app="broken"`) {
			t.Errorf("the metrics have the status %d, and are %s", status, text)
		}
	})
	t.Run("without the token of the form", func(t *testing.T) {
		response, err := p.client.PostForm(p.url+"/apps/api/reload", url.Values{})
		if err != nil {
			t.Fatal(err)
		}
		if read(t, response.Body); response.StatusCode != http.StatusForbidden {
			t.Errorf("a form without a token has the status %d", response.StatusCode)
		}
	})
	t.Run("stop", func(t *testing.T) {
		if status, page := p.post(t, "/apps/api/stop", url.Values{}); status != http.StatusOK || !strings.Contains(page, ">stopped<") {
			t.Errorf("a stop has the status %d, and the page is %s", status, page)
		}
		p.run("resurrect") // it fails, as broken cannot start
		if state := p.app("api").State; state != control.Stopped {
			t.Errorf("after a stop and a resurrect the application is %s", state)
		}
	})
}

func TestPageElsewhere(t *testing.T) {
	m := newManager(t)
	m.refuse(1, "give --token-file, --tls-cert and --tls-key", "web", "--listen", "0.0.0.0:0")
	short := filepath.Join(t.TempDir(), "token")
	writeText(t, short, "short\n")
	m.refuse(1, "needs 16", "web", "--listen", "127.0.0.1:0", "--token-file", short)
	m.refuse(2, "go together", "web", "--tls-cert", short)
}
