package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

// ask has the application answer a request, which it prints.
func (p *servedPage) ask(path string) {
	p.t.Helper()
	c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", p.port))
	if err != nil {
		p.t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "GET %s HTTP/1.0\r\n\r\n", path)
	if _, err := io.ReadAll(bufio.NewReader(c)); err != nil {
		p.t.Fatal(err)
	}
}

// fill has a field of a form be as if a user had filled it.
func (b *browser) fill(id, text string) {
	b.t.Helper()
	value[bool](b, fmt.Sprintf(`{ const field = document.getElementById(%q); field.value = %q; field.dispatchEvent(new Event('input', { bubbles: true })) }`, id, text))
}

// logHas is an expression that is true if the log has lines, all of which match one pattern, and one of which ends with a text.
func logHas(pattern, end string) string {
	return fmt.Sprintf(`(() => {
		const lines = [...document.querySelectorAll('#log .text')].map((line) => line.textContent);
		return lines.every((line) => new RegExp(%q).test(line)) && lines.some((line) => line.endsWith(%q));
	})()`, pattern, end)
}

// expectLog looks at the log while it grows, with filters.
func (p *servedPage) expectLog(t *testing.T, b *browser) {
	p.ask("/first")
	b.await(logHas("", "GET /first"))
	b.fill("grep", "error-[0-9]")
	p.ask("/other")
	p.ask("/error-1<script>window.isHacked=true</script><img/src=x/onerror=isHacked=true>")
	b.await(logHas("error-1", "onerror=isHacked=true></b>"))
	p.ask("/error-2")
	b.await(logHas("error-[12]", "GET /error-2"))
	b.picture("log-filtered")
	b.fill("stream", "err")
	b.await(logHas("^failed: <b>.error-", "error-2</b>"))
	p.ask("/error-3")
	b.await(logHas("^failed: <b>.error-", "error-3</b>"))
	if value[bool](b, `window.isHacked === true || !!document.querySelector('#log b, #log script, #log img')`) {
		t.Error("a line of the log is taken for HTML")
	}
	b.fill("grep", "(")
	b.await(`document.getElementById('log-problem').textContent.includes('missing closing')`)
	b.fill("stream", "")
	b.fill("grep", "nothing is like this")
	b.await(`document.getElementById('log').childElementCount === 0 && document.getElementById('log-problem').textContent === ''`)
	b.fill("grep", "")
	b.await(logHas("", "GET /other"))
}

// fragile is a program that serves until a file is there.
const fragile = `if (require('fs').existsSync(__dirname + '/broken')) { console.error('no database'); process.exit(3); }
require('http').createServer().listen(0, '127.0.0.1');
`

// expectOtherPages looks at an application that fails again and again, at one that never ran, at a question, and at an error.
func (p *servedPage) expectOtherPages(t *testing.T, b *browser) {
	script := filepath.Join(t.TempDir(), "fragile.js")
	writeText(t, script, fragile)
	p.do("start", script, "-n", "fragile", "--bake", "10ms")
	writeText(t, filepath.Join(filepath.Dir(script), "broken"), "")
	p.do("signal", "SIGKILL", "fragile")
	poll(t, "the application is in a crash loop", func() bool { return p.app("fragile").State == control.CrashLoop })
	has := func(tone, text string) string {
		return fmt.Sprintf(`[...document.querySelectorAll('.state.%s, h1')].some((e) => e.textContent === %q)`, tone, text)
	}
	b.expect("Failed to load resource: the server responded with a status of 404 (Not Found) " + p.url + "/apps/other")
	for _, page := range []struct{ name, path, ready string }{
		{"applications-failing", "/", has("bad", "crash loop")},
		{"crash-loop", "/apps/fragile", has("bad", "crash loop")},
		{"errored", "/apps/broken", has("bad", "errored")},
		{"question", "/apps/api/signal?instance=1", has("none", "Send worker 1 of api a signal?")},
		{"error", "/apps/other", has("none", "There is no such application")},
	} {
		b.do(chromedp.Navigate(p.url + page.path))
		b.expectLooks(t, page.name, page.ready)
	}
	b.do(chromedp.Navigate(p.url + "/apps/api"))
	b.await(isLive)
	p.do("delete", "fragile")
}

// expectNewSupervisor has the application's supervisor die, and another one take its place, while its page is open.
func (p *servedPage) expectNewSupervisor(t *testing.T, b *browser) {
	value[bool](b, `window.isSamePage = true`)
	p.killSupervisor("api")
	b.await(`document.querySelector('#summary .state').textContent === 'errored' && !!document.querySelector('form[action$="/start"]')`)
	b.picture("supervisor-died")
	p.do("start", "api")
	for _, pid := range p.pids("api") {
		b.await(showsPid(pid))
	}
	p.ask("/after-the-death")
	b.await(logHas("", "GET /after-the-death"))
	b.await(isDrawn)
	if !value[bool](b, `window.isSamePage === true`) {
		t.Error("the page was loaded again")
	}
}

// expectNewServer has the server of the page end, and another one take its place, while the page is open.
func (p *servedPage) expectNewServer(t *testing.T, b *browser) {
	b.expect("Failed to load resource: net::ERR_")
	p.end()
	b.await(`document.getElementById('live').textContent === 'not connected'`)
	p.serve(t, []string{"--listen", p.url[len("http://"):]})
	b.await(isLive)
	before := p.pids("api")
	b.do(chromedp.Click(`#actions form[action$="/reload"] button`))
	b.await(`document.getElementById('toast').textContent.startsWith('Reloaded 2 workers')`)
	if after := p.pids("api"); after[0] == before[0] {
		t.Errorf("after a reload by a page of the server before, the workers are %v, before %v", after, before)
	}
}
