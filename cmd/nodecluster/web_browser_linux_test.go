package main

import (
	"fmt"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// isDrawn is an expression that is true if each chart has drawn something in the colour of the last of two workers, whose line is above
// the other's.
const isDrawn = `(() => {
	const canvases = [...document.querySelectorAll('.plot canvas')];
	const [r, g, b] = getComputedStyle(document.documentElement).getPropertyValue('--series-1').trim().match(/\w\w/g).map((x) => parseInt(x, 16));
	return canvases.length === 4 && canvases.every((canvas) => {
		const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
		copy.drawImage(canvas, 0, 0);
		const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
		for (let i = 0; i < data.length; i += 4) {
			if (data[i + 3] > 60 && Math.abs(data[i] - r) < 9 && Math.abs(data[i + 1] - g) < 9 && Math.abs(data[i + 2] - b) < 9) return true;
		}
		return false;
	});
})()`

func TestPageInChromium(t *testing.T) {
	p := servePage(t)
	b := browse(t, p.url)
	b.look("light", 1280, 900)
	b.do(chromedp.Navigate(p.url))
	b.await(isLive)
	b.expectLooks(t, "applications", isLive)
	b.do(chromedp.Click(`a[href="/apps/api"]`), chromedp.WaitVisible("#charts-heading"))
	t.Run("charts", func(t *testing.T) { b.expectLooks(t, "application", isDrawn) })
	t.Run("log", func(t *testing.T) { p.expectLog(t, b) })
	t.Run("reload", func(t *testing.T) { p.expectReload(t, b) })
	t.Run("broken release", func(t *testing.T) { p.expectFailedReload(t, b) })
	t.Run("one worker by the keyboard", func(t *testing.T) { p.expectReloadOfOne(t, b) })
	t.Run("other pages", func(t *testing.T) { p.expectOtherPages(t, b) })
	t.Run("another supervisor", func(t *testing.T) { p.expectNewSupervisor(t, b) })
	t.Run("another server", func(t *testing.T) { p.expectNewServer(t, b) })
	t.Run("without JavaScript", func(t *testing.T) { p.expectReadable(t, b) })
}

// isLive is an expression that is true while the page gets what is new.
const isLive = `document.getElementById('live').textContent === 'live'`

// showsPid is an expression that is true if the table of workers has a process.
func showsPid(pid int) string {
	return fmt.Sprintf(`[...document.querySelectorAll('#workers td')].some((cell) => cell.textContent === '%d')`, pid)
}

func (p *servedPage) expectReload(t *testing.T, b *browser) {
	before := p.pids("api")
	b.do(chromedp.Click(`#actions form[action$="/reload"] button`))
	b.await(`document.getElementById('toast').textContent.startsWith('Reloaded 2 workers')`)
	for _, pid := range p.pids("api") {
		if slices.Contains(before, pid) {
			t.Errorf("worker %d is still there after a reload", pid)
		}
		b.await(showsPid(pid))
	}
	b.await(`document.getElementById('timeline').textContent.includes('reloaded')`)
	b.picture("reloaded")
}

func (p *servedPage) expectFailedReload(t *testing.T, b *browser) {
	before := p.pids("api")
	writeText(t, p.script, "console.error('no database'); process.exit(3)\n")
	b.do(chromedp.Click(`#actions form[action$="/reload"] button`))
	b.await(`document.getElementById('toast').className === 'toast bad' && document.getElementById('toast').textContent.includes('no database')`)
	b.await(`document.querySelector('#summary .notice.bad')?.textContent.includes('no database')`)
	if after := p.pids("api"); !slices.Equal(before, after) {
		t.Errorf("after a reload that has failed the workers are %v, before %v", after, before)
	}
	b.picture("failed-reload")
	writeText(t, p.script, talkative)
	b.expect("Failed to load resource: the server responded with a status of 422 (Unprocessable Entity) " + p.url + "/apps/api/reload")
}

func (p *servedPage) expectReloadOfOne(t *testing.T, b *browser) {
	before := p.pids("api")
	b.do(chromedp.Focus(`button[aria-label="Reload worker 1"]`), chromedp.KeyEvent("\r"))
	b.await(`document.getElementById('toast').textContent.startsWith('Reloaded 1 worker ')`)
	after := p.pids("api")
	if len(after) != 2 || after[0] != before[0] || after[1] == before[1] {
		t.Errorf("after a reload of worker 1 they are %v, before %v", after, before)
	}
	b.await(showsPid(after[1]))
}

// expectReadable looks at the pages, and reloads, in a browser that runs no scripts.
func (p *servedPage) expectReadable(t *testing.T, b *browser) {
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	before := p.pids("api")
	b.do(chromedp.Navigate(p.url), chromedp.WaitVisible(`a[href="/apps/api"]`), chromedp.Click(`a[href="/apps/api"]`), chromedp.WaitVisible("#workers table"))
	b.picture("without-javascript")
	b.do(chromedp.Click(`#actions form[action$="/reload"] button`))
	poll(t, "both workers are new", func() bool {
		after := p.pids("api")
		return len(after) == 2 && !slices.ContainsFunc(after, func(pid int) bool { return slices.Contains(before, pid) })
	})
	b.do(chromedp.WaitVisible("#workers table"), chromedp.Click(`a[href="/apps/api/stop"]`), chromedp.WaitVisible(`form[action="/apps/api/stop"]`))
	b.picture("stop")
	b.do(chromedp.Click(`form[action="/apps/api/stop"] button`), chromedp.WaitVisible(`form[action="/apps/api/start"]`))
	if app := p.app("api"); app.Supervisor != nil {
		t.Error("the application runs after it was stopped")
	}
	if state := value[string](b, `document.querySelector('#summary .state').textContent`); state != "stopped" {
		t.Errorf("the page says that it is %s after it was stopped", state)
	}
	b.picture("stopped")
	b.do(chromedp.Click(`form[action="/apps/api/start"] button`), chromedp.WaitVisible("#workers table"))
	if app := p.app("api"); app.Ready != 2 {
		t.Errorf("%d workers are ready after a start", app.Ready)
	}
}
