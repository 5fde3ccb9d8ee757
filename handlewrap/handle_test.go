//go:build unix

package handlewrap_test

import (
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nodecluster/nodecluster/handlewrap"
)

func TestTypeValid(t *testing.T) {
	for _, typ := range []handlewrap.Type{"net.Native", "net.Server", "net.Socket", "dgram.Native", "dgram.Socket", "net.BoundSocket"} {
		if !typ.Valid() {
			t.Errorf("%q is one of Node's", typ)
		}
	}
	for _, typ := range []handlewrap.Type{"", "net.native", "dgram", "tls.Socket"} {
		if typ.Valid() {
			t.Errorf("%q is none of Node's", typ)
		}
	}
}

func TestHandleMovesWithItsKey(t *testing.T) {
	h := must[*handlewrap.Handle](t)(handlewrap.FromListener(listener(t, "tcp", "127.0.0.1:0")))
	defer h.Close()
	if h.ServerKey() != "" {
		t.Fatalf("server key %q", h.ServerKey())
	}
	h.SetServerKey("6:null:1337")
	fd := h.FD()
	moved := h.WithType(handlewrap.NetNative)
	defer moved.Close()
	wantEmpty(t, h)
	if moved.FD() != fd || moved.Type() != handlewrap.NetNative || moved.ServerKey() != "6:null:1337" {
		t.Fatalf("moved to fd %d, type %q, key %q", moved.FD(), moved.Type(), moved.ServerKey())
	}
	copied := must[*handlewrap.Handle](t)(moved.Dup())
	defer copied.Close()
	wantOwned(t, moved)
	if copied.FD() == fd || copied.Type() != moved.Type() || copied.ServerKey() != moved.ServerKey() {
		t.Fatalf("copied to fd %d, type %q, key %q", copied.FD(), copied.Type(), copied.ServerKey())
	}
	wantEmpty(t, h.WithType(handlewrap.NetServer))
}

func TestEmptyHandle(t *testing.T) {
	closed := must[*handlewrap.Handle](t)(handlewrap.FromListener(listener(t, "tcp", "127.0.0.1:0")))
	fd := closed.FD()
	check(t, closed.Close())
	check(t, closed.Close())
	if _, _, ok := flags(fd); ok {
		t.Fatal("Close left the fd open")
	}
	for name, h := range map[string]*handlewrap.Handle{"closed": closed, "of no fd": handlewrap.New(handlewrap.NetServer, -7), "zero": {}} {
		t.Run(name, func(t *testing.T) {
			wantEmpty(t, h)
			for op, f := range map[string]func() error{
				"Listener":   func() error { _, err := h.Listener(); return err },
				"Conn":       func() error { _, err := h.Conn(); return err },
				"PacketConn": func() error { _, err := h.PacketConn(); return err },
				"File":       func() error { _, err := h.File(); return err },
				"Listen":     func() error { _, err := h.Listen(1); return err },
				"Release":    func() error { _, err := h.Release(); return err },
				"Dup":        func() error { _, err := h.Dup(); return err },
				"Kind":       func() error { _, err := h.Kind(); return err },
			} {
				err := f()
				wantOneLine(t, err, op)
				if !errors.Is(err, net.ErrClosed) {
					t.Errorf("%v does not match net.ErrClosed", err)
				}
			}
			check(t, h.Close())
		})
	}
}

func TestWrongKindKeepsTheFD(t *testing.T) {
	l := listener(t, "tcp", "127.0.0.1:0")
	accepted, _ := connPair(t, l)
	p := must[net.PacketConn](t)(net.ListenPacket("udp", "127.0.0.1:0"))
	defer p.Close()
	kinds := map[handlewrap.Kind]*handlewrap.Handle{
		handlewrap.KindListener: must[*handlewrap.Handle](t)(handlewrap.FromListener(l)),
		handlewrap.KindConn:     must[*handlewrap.Handle](t)(handlewrap.FromConn(accepted)),
		handlewrap.KindPacket:   must[*handlewrap.Handle](t)(handlewrap.FromPacketConn(p)),
		handlewrap.KindBound:    handlewrap.New(handlewrap.NetBoundSocket, boundSocket(t)),
	}
	takes := map[string][]handlewrap.Kind{
		"Listener":   {handlewrap.KindListener},
		"Listen":     {handlewrap.KindListener, handlewrap.KindBound},
		"Conn":       {handlewrap.KindConn},
		"PacketConn": {handlewrap.KindPacket},
	}
	for kind, h := range kinds {
		defer h.Close()
		if got := must[handlewrap.Kind](t)(h.Kind()); got != kind {
			t.Fatalf("kind %v, want %v", got, kind)
		}
		for op, allowed := range takes {
			if kind == allowed[0] || kind == allowed[len(allowed)-1] {
				continue
			}
			fd := h.FD()
			_, err := convert(h, op)
			wantOneLine(t, err, op)
			var wrong *handlewrap.KindError
			if !errors.As(err, &wrong) || wrong.Op != op || wrong.Kind != kind {
				t.Errorf("%s of a %v: %v", op, kind, err)
			}
			if h.FD() != fd {
				t.Errorf("%s of a %v moved the fd", op, kind)
			}
			wantOwned(t, h)
		}
	}
}

func convert(h *handlewrap.Handle, op string) (io.Closer, error) {
	switch op {
	case "Listener":
		return h.Listener()
	case "Listen":
		return h.Listen(0)
	case "Conn":
		return h.Conn()
	}
	return h.PacketConn()
}

func TestNoSocketIsAFileOnly(t *testing.T) {
	r, w, err := os.Pipe()
	check(t, err)
	defer r.Close()
	defer w.Close()
	h := must[*handlewrap.Handle](t)(handlewrap.FromFile(handlewrap.NetNative, r))
	defer h.Close()
	_, err = h.Conn()
	wantOneLine(t, err, "Conn")
	if !errors.Is(err, syscall.ENOTSOCK) {
		t.Fatal(err)
	}
	f := must[*os.File](t)(h.File())
	defer f.Close()
	wantEmpty(t, h)
	must[int](t)(w.Write([]byte("x")))
	must[int](t)(f.Read(make([]byte, 1)))
}

func TestReleasedFDSurvivesTheCollector(t *testing.T) {
	h := must[*handlewrap.Handle](t)(handlewrap.FromListener(listener(t, "tcp", "127.0.0.1:0")))
	_, err := h.Conn() // leaves nothing behind that would close the fd
	wantOneLine(t, err, "Conn")
	fd := must[int](t)(h.Release())
	wantEmpty(t, h)
	check(t, h.Close())
	collected := make(chan struct{})
	runtime.AddCleanup(h, func(done chan struct{}) { close(done) }, collected)
	h = nil
	for done, until := false, time.Now().Add(deadline); !done; {
		if time.Now().After(until) {
			t.Fatal("the handle is not collected")
		}
		runtime.GC()
		select {
		case <-collected:
			done = true
		default:
		}
	}
	if _, _, ok := flags(fd); !ok {
		t.Fatal("the released fd was closed")
	}
	check(t, unix.Close(fd))
}

func TestConcurrentUseClosesOnce(t *testing.T) {
	l := listener(t, "tcp", "127.0.0.1:0")
	for range 100 {
		h := must[*handlewrap.Handle](t)(handlewrap.FromListener(l))
		var calls, owners atomic.Int32
		h.OnClose(func() { calls.Add(1) })
		var all sync.WaitGroup
		for _, f := range []func(){
			func() { h.FD() },
			func() { h.Kind() },
			func() { h.SetServerKey("k"); h.ServerKey() },
			func() { h.DgramType() },
			func() {
				if d, err := h.Dup(); err == nil {
					d.Close()
				}
			},
			func() { h.Close() },
			func() { h.Close() },
			func() { h.WithType(handlewrap.NetNative).Close() },
			func() {
				if ln, err := h.Listener(); err == nil {
					owners.Add(1)
					ln.Close()
				}
			},
			func() {
				if fd, err := h.Release(); err == nil {
					owners.Add(1)
					unix.Close(fd)
				}
			},
		} {
			all.Go(f)
		}
		all.Wait()
		wantEmpty(t, h)
		if n := calls.Load() + owners.Load(); n != 1 {
			t.Fatalf("the fd had %d owners at its end", n)
		}
	}
}
