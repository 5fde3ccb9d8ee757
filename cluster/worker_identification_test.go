//go:build unix

package cluster

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func TestRuntimeOfExecutable(t *testing.T) {
	for _, s := range signatures {
		// At every place near the end of what is read at once, the signature is found.
		for _, before := range []int{0, 1, 256<<10 - len(s.bytes) - 1, 256<<10 - len(s.bytes), 256<<10 - 5, 256<<10 - 1, 256 << 10, 600_000} {
			for _, after := range []int{0, 1, 300_000} {
				content := append(make([]byte, before), s.bytes...)
				content = append(content, make([]byte, after)...)
				if got := runtimeOf(iotest.HalfReader(bytes.NewReader(content))); got != s.runtime {
					t.Errorf("%q with %d bytes before and %d after is of %q", s.bytes, before, after, got)
				}
				copy(content[before:], "x")
				if got := runtimeOf(bytes.NewReader(content)); got != "" {
					t.Errorf("no signature is of %q", got)
				}
			}
		}
	}
	broken := io.MultiReader(strings.NewReader("text"), iotest.ErrReader(errors.New("broken")))
	if got := runtimeOf(broken); got != "" {
		t.Errorf("what cannot be read is of %q", got)
	}
}

// The version of Node is found at every place near the end of what is read at once, and is that of the real ones.
func TestVersionOfExecutable(t *testing.T) {
	text := append(slices.Clone(versionSignature), "20.20.2-headers"...)
	for before := 256<<10 - 2*len(text); before < 256<<10+len(text); before++ {
		content := append(make([]byte, before), text...)
		if got := nodeVersionOf(bytes.NewReader(append(content, make([]byte, 300_000)...))); got != 20 {
			t.Errorf("with %d bytes before it is version %d, want 20", before, got)
		}
	}
	for _, text := range []string{"", string(versionSignature), string(versionSignature) + "20", string(versionSignature) + "x."} {
		if got := nodeVersionOf(strings.NewReader(text)); got != unknownVersion {
			t.Errorf("%q is of version %d", text, got)
		}
	}
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		var e executables
		// A Node that a distribution has built does not say it.
		if got := e.nodeVersion(node.Path); got != node.Major && (nodetest.All() || got != unknownVersion) {
			t.Errorf("version %d, want %d", got, node.Major)
		}
	})
}

// A file is searched once, until it changes.
func TestExecutablesAreSearchedOnce(t *testing.T) {
	var e executables
	path := filepath.Join(t.TempDir(), "program")
	write := func(content []byte, at time.Time) {
		t.Helper()
		if err := os.WriteFile(path, content, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	missing := filepath.Join(t.TempDir(), "missing")
	expect := func(want Runtime) {
		t.Helper()
		if got := e.runtime(missing, path); got != want {
			t.Errorf("the runtime is %q, want %q", got, want)
		}
	}
	first, second := signatures[0], signatures[1]
	long := func(s signature) []byte { return append(s.bytes, make([]byte, 100-len(s.bytes))...) }
	then := time.Now()
	write(long(first), then)
	expect(first.runtime)
	write(long(second), then) // the same size and time
	expect(first.runtime)
	write(long(second), then.Add(time.Second))
	expect(second.runtime)
	for range 2 * maxExecutables {
		then = then.Add(time.Second)
		write(long(first), then.Add(time.Minute))
		expect(first.runtime)
	}
	if n := len(e.files); n != maxExecutables {
		t.Errorf("%d files are remembered, want %d", n, maxExecutables)
	}
	if got := e.runtime(missing, t.TempDir()); got != "" {
		t.Errorf("a missing file and a folder are of %q", got)
	}
}

// askingWorker is a worker whose runtime is being found out, for as long as the test likes.
func askingWorker(t *testing.T) *fakeWorker {
	t.Helper()
	w := newFakeWorker(t, newTestPrimary(t, SchedRR))
	w.primary.loop.Call(func() { w.runtime.Store(nil); w.onLoop.identification.running = true })
	t.Cleanup(w.finish)
	return w
}

func (w *fakeWorker) ask(t *testing.T, seq string, data []byte) {
	t.Helper()
	w.primary.loop.Call(func() {
		w.act(&wire.FromWorker{Act: wire.ActQueryServer, Seq: []byte(seq), Server: wire.Server{
			Address: []byte(`"127.0.0.1"`), Port: []byte("0"), AddressType: []byte("4"), Data: data, Index: []byte(seq),
		}})
	})
}

// What a worker asks is answered in its order, once its runtime is known.
func TestQuestionsWaitForTheRuntime(t *testing.T) {
	nodetest.NoLeaks(t)
	w := askingWorker(t)
	for _, seq := range []string{"1", "2", "3"} {
		w.ask(t, seq, nil)
	}
	buf := make([]byte, 4096)
	w.primary.loop.Call(func() {}) // all that was posted is written
	if n, _, err := unix.Recvfrom(w.end, buf, unix.MSG_DONTWAIT); err != unix.EAGAIN {
		t.Errorf("answered before the runtime is known: %q, %v", buf[:max(n, 0)], err)
	}
	w.primary.loop.Call(func() { w.identified(RuntimeGo) })
	w.ask(t, "4", nil)
	var answers string
	for strings.Count(answers, "\n") < 4 {
		n, err := unix.Read(w.end, buf)
		if err != nil || n == 0 {
			t.Fatalf("after %q: %v", answers, err)
		}
		answers += string(buf[:n])
	}
	last := -1
	for _, ack := range []string{`"ack":1,`, `"ack":2,`, `"ack":3,`, `"ack":4,`} {
		at := strings.Index(answers, ack)
		if at <= last {
			t.Errorf("%s is not in its place in %q", ack, answers)
		}
		last = at
	}
}

// A worker that asks more than is kept for it loses its channel.
func TestTooManyQuestions(t *testing.T) {
	nodetest.NoLeaks(t)
	w := askingWorker(t)
	data := []byte(`"` + strings.Repeat("x", maxData-2) + `"`)
	for range maxQuestions/maxData - 1 {
		w.ask(t, "1", data)
	}
	if !w.IsConnected() {
		t.Fatal("the worker has lost its channel too early")
	}
	w.ask(t, "1", data)
	<-w.child.Done()
	if err := w.child.Err(); !errors.Is(err, nodeipc.ErrProtocol) {
		t.Errorf("the channel ended with %v, want %v", err, nodeipc.ErrProtocol)
	}
}

// What Close does not wait for is not begun any more.
func TestNothingIsIdentifiedOnceClosing(t *testing.T) {
	nodetest.NoLeaks(t)
	p := newTestPrimary(t, SchedRR)
	w := newFakeWorker(t, p)
	w.runtime.Store(nil)
	p.forking.Add(1) // as a fork under way has Close wait
	var closing sync.WaitGroup
	closing.Go(func() { p.Close() })
	await(t, "the primary does not close", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.closing
	})
	p.loop.Call(w.identify)
	w.finish()
	p.forking.Done()
	closing.Wait()
	if w.isIdentified() {
		t.Error("the worker's runtime was looked for")
	}
}
