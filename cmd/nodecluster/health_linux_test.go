package main

import (
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// A release that fails its health check is not taken: the old workers go on, no request fails, and the error says why.
func TestReloadOfAReleaseThatIsNotHealthy(t *testing.T) {
	d := newDeployment(t)
	p := d.launch("--readiness", "/healthz", "--health-period", "50ms", "--listen-timeout", "3s")
	if first := p.await("resumed", 2)[0]; first.Reason != "GET /healthz" || first.Level != "INFO" {
		t.Errorf("a worker that is ready is told as %+v", first)
	}
	stop, asked := d.askOn()
	d.release("2", strings.Replace(released, "response.end(", "(response.statusCode = request.url === '/healthz' ? 503 : 200, response).end(", 1))
	p.signal(syscall.SIGHUP)
	want := "did not pass its health check (GET /healthz: status 503) within 3s; the workers that were there go on"
	if e := p.await("error", 1)[0]; !strings.HasPrefix(e.Error, "reload: ") || !strings.HasSuffix(e.Error, want) {
		t.Errorf("the error is %q, want %q", e.Error, want)
	}
	d.expectRelease("1")
	d.release("3", released)
	p.signal(syscall.SIGHUP)
	p.await("reloaded", 1)
	close(stop)
	asked.Wait()
	d.expectRelease("3")
	p.stop()
}

// askOn asks again and again until stop is closed, and every request has to be answered.
func (d *deployment) askOn() (stop chan struct{}, asked *sync.WaitGroup) {
	stop, asked = make(chan struct{}), &sync.WaitGroup{}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	for range 2 {
		asked.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				response, err := client.Get("http://" + localhost(d.port))
				if err != nil {
					d.t.Error(err)
					return
				}
				response.Body.Close()
			}
		})
	}
	return stop, asked
}

// sickly is a server that is sick, or blocks, once it is asked to.
const sickly = `
	let status = 200;
	require('http').createServer((request, response) => {
		if (request.url === '/sick') status = 500;
		response.statusCode = request.url === '/healthz' ? status : 200;
		response.end('ok');
		if (request.url === '/block') response.on('close', () => { for (;;); });
	}).listen(process.env.PORT);`

func visit(t *testing.T, port int, path string) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	response, err := client.Get("http://" + localhost(port) + path)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
}

// A worker that is not alive is replaced, and so is one that does not move. In text each is a sentence.
func TestLivenessAndMaxLag(t *testing.T) {
	port := nodetest.FreePort(t)
	p := launch(t, portVariable(port), "--log-format", "text", "-i", "1", "--liveness", "/healthz", "--health-period", "50ms", "--health-failures", "2",
		"--max-lag", "500ms", "--replace-blocked", "--kill-timeout", "1s", nodetest.Script(t, "sickly.js", sickly))
	p.stderr.awaitText(t, "listening on port")
	visit(t, port, "/sick")
	p.stderr.awaitText(t, "\nreplacing the worker of instance 0: liveness: GET /healthz: status 500\n")
	p.stderr.awaitText(t, "\nreplaced the worker of instance 0\n")
	p.stderr.awaitText(t, " exited with code 0 after it was asked to leave\n")
	visit(t, port, "/block")
	p.stderr.awaitText(t, ") gets no connections: it has not moved for ")
	p.stderr.await(t, "two replacements", func(text string) bool {
		return strings.Count(text, "\nreplaced the worker of instance 0\n") == 2
	})
	visit(t, port, "/")
	p.stop()
}

// A worker that is slow to start is not replaced for it, and gets connections once it has passed the check. After --startup-timeout it is replaced.
func TestStartup(t *testing.T) {
	port := nodetest.FreePort(t)
	slow := nodetest.Script(t, "slow.js", "let checks = 0;"+strings.Replace(sickly, "? status", "? (++checks > 3 ? status : 503)", 1))
	p := launch(t, portVariable(port), "--log-format", "text", "-i", "1", "--startup", "/healthz", "--liveness", "/healthz", "--health-period", "50ms",
		"--health-failures", "1", slow)
	p.stderr.awaitText(t, ") gets connections: GET /healthz\n")
	if text := p.stderr.String(); strings.Contains(text, "replacing") {
		t.Errorf("a worker was replaced while it started:\n%s", text)
	}
	visit(t, port, "/sick")
	p.stderr.awaitText(t, "\nreplacing the worker of instance 0: liveness: GET /healthz: status 500\n")
	p.stop()
	p = launch(t, portVariable(port), "--log-format", "text", "-i", "1", "--startup", "/healthz", "--startup-timeout", "1ms", slow)
	p.stderr.awaitText(t, "\nreplacing the worker of instance 0: startup: GET /healthz: status 503\n")
	p.stop()
}

// A lame duck takes connections until a second signal comes.
func TestLameDuck(t *testing.T) {
	port := nodetest.FreePort(t)
	p := launch(t, portVariable(port), "-i", "1", "--lame-duck", "1h", app(t, "http.js"))
	p.await("listening", 1)
	p.signal(syscall.SIGTERM)
	p.await("lameDuck", 1)
	mustAsk(t, "tcp", localhost(port))
	again := time.NewTicker(100 * time.Millisecond) // in the first second they are the first one
	defer again.Stop()
	for ended := false; !ended; {
		select {
		case <-again.C:
			p.cmd.Process.Signal(syscall.SIGTERM)
		case <-p.ended:
			ended = true
		}
	}
	p.expectStatus(0)
	if e := p.await("exit", 1)[0]; e.Code == nil || *e.Code != 0 {
		t.Errorf("the worker's end is %+v", e)
	}
}
