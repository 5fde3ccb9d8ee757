package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// screenshots is the variable that names a folder in which tests leave pictures of what Chromium shows.
const screenshots = "NODECLUSTER_TEST_SCREENSHOTS"

// browser is a tab of a Chromium, with what it has complained of and asked for.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex
	complaints []string
	expected   []string // how complaints begin that are to be there
	requests   []string
}

// browse starts a Chromium. At the end of the test it must have complained of nothing unexpected, and have asked for nothing but what is
// below a URL.
func browse(t *testing.T, url string, flags ...chromedp.ExecAllocatorOption) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(nodetest.Chromium(t)), chromedp.NoSandbox)
	options = append(options, flags...)
	allocator, endAll := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(endAll)
	ctx, end := chromedp.NewContext(allocator)
	t.Cleanup(end)
	b := &browser{t: t, ctx: ctx}
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatal(err)
	}
	call(b, network.Enable, network.EnableParams{})
	call(b, log.Enable, cdp.Empty{})
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Error(err)
		}
		b.expectQuiet(url)
	})
	return b
}

func (b *browser) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *log.EventEntryAdded:
		b.complaints = append(b.complaints, e.Entry.Text+" "+e.Entry.URL)
	case *runtime.EventConsoleAPICalled:
		b.complaints = append(b.complaints, fmt.Sprintf("%s %+v", e.Type, e.Args))
	case *runtime.EventExceptionThrown:
		b.complaints = append(b.complaints, fmt.Sprintf("%+v", e.ExceptionDetails))
	}
}

// expect says how a complaint begins that Chromium will have.
func (b *browser) expect(complaint string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.expected = append(b.expected, complaint)
}

func (b *browser) expectQuiet(url string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, complaint := range b.complaints {
		if !slices.ContainsFunc(b.expected, func(begin string) bool { return strings.HasPrefix(complaint, begin) }) {
			b.t.Error("Chromium complains: " + complaint)
		}
	}
	for _, asked := range b.requests {
		if !strings.HasPrefix(asked, url+"/") {
			b.t.Errorf("the page asks for %s", asked)
		}
	}
}

// limited is the context of one action.
func (b *browser) limited() (context.Context, context.CancelFunc) {
	return context.WithTimeout(b.ctx, patience)
}

func (b *browser) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := b.limited()
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

func call[P, R any](b *browser, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	ctx, cancel := b.limited()
	defer cancel()
	result, err := chromedp.Call(ctx, command, params)
	if err != nil {
		b.t.Fatal(err)
	}
	return result
}

// await waits until an expression of JavaScript is true.
func (b *browser) await(expression string) {
	b.t.Helper()
	ctx, cancel := b.limited()
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Poll[chromedp.Void](expression)); err != nil {
		b.picture("failed")
		b.t.Fatalf("%v: %s", err, expression)
	}
}

// value gives what an expression of JavaScript is.
func value[T any](b *browser, expression string) T {
	b.t.Helper()
	ctx, cancel := b.limited()
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%v: %s", err, expression)
	}
	return v
}

// look emulates a colour scheme and a window. A narrow one is a phone's.
func (b *browser) look(scheme string, width, height int64) {
	b.t.Helper()
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 600})
}

// picture leaves a picture of the whole page where the variable says.
func (b *browser) picture(name string) {
	b.t.Helper()
	folder := os.Getenv(screenshots)
	if folder == "" {
		return
	}
	ctx, cancel := b.limited()
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, name+".png"), png, 0o644)
	}
	if err != nil {
		b.t.Error(err)
	}
}

// unreadable is an expression that lists the texts of a page that have too little contrast with what is behind them: less than WCAG's 4.5.
const unreadable = `(() => {
	const rgba = (color) => color.match(/[\d.]+/g).map(Number);
	const luminance = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
		.reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
	const behind = (element) => {
		for (let e = element; e; e = e.parentElement) {
			const color = rgba(getComputedStyle(e).backgroundColor);
			if (color.length < 4 || color[3] === 1) return color;
		}
		return [255, 255, 255];
	};
	const found = new Set();
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (texts.nextNode()) {
		const element = texts.currentNode.parentElement;
		if (!texts.currentNode.data.trim() || !element.checkVisibility() || element.closest('script, noscript, :disabled')) continue;
		const [a, b] = [luminance(rgba(getComputedStyle(element).color)), luminance(behind(element))];
		if ((Math.max(a, b) + .05) / (Math.min(a, b) + .05) < 4.5) found.add(element.className + ': ' + texts.currentNode.data.trim());
	}
	return [...found];
})()`

// expectLooks looks at the page on a screen and on a phone, in both colour schemes, once an expression is true.
func (b *browser) expectLooks(t *testing.T, name, ready string) {
	t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{1280, 360} {
			b.look(scheme, width, 844)
			b.await(ready)
			if got := value[int64](b, `Math.max(document.documentElement.scrollWidth, innerWidth)`); got > width {
				t.Errorf("%s: in a window that is %d wide the page is %d wide", name, width, got)
			}
			if texts := value[[]string](b, unreadable); len(texts) > 0 {
				t.Errorf("%s: in %s these have too little contrast: %q", name, scheme, texts)
			}
			b.picture(fmt.Sprintf("%s-%s-%d", name, scheme, width))
		}
	}
	ground := `getComputedStyle(document.body).backgroundColor`
	dark := value[string](b, ground)
	b.look("light", 1280, 844)
	if light := value[string](b, ground); light == dark {
		t.Errorf("%s: the ground is %s in both colour schemes", name, light)
	}
}
