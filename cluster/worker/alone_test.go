//go:build linux

package worker_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster/worker"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// joinAlone joins where there is no cluster. At the end of the test the process leaves, so that the next one begins anew.
func joinAlone(t *testing.T) *worker.Process {
	t.Helper()
	self, err := worker.Join(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { self.Close() })
	return self
}

func TestAlone(t *testing.T) {
	nodetest.NoLeaks(t)
	self := joinAlone(t)
	if self.IsWorker() || self.IsConnected() || self.ID() != 0 || self.ExitedAfterDisconnect() {
		t.Errorf("alone: worker %v, connected %v, id %d", self.IsWorker(), self.IsConnected(), self.ID())
	}
	ctx := context.Background()
	if err := self.Send(ctx, "to nobody"); !errors.Is(err, worker.ErrNotWorker) {
		t.Errorf("send: %v, want %v", err, worker.ErrNotWorker)
	}
	if err := self.SendHandle(ctx, "to nobody", nil); !errors.Is(err, worker.ErrNotWorker) {
		t.Errorf("send a handle: %v, want %v", err, worker.ErrNotWorker)
	}
	if err := self.SendHandleKeepOpen(ctx, "to nobody", nil); !errors.Is(err, worker.ErrNotWorker) {
		t.Errorf("send a handle: %v, want %v", err, worker.ErrNotWorker)
	}
	if _, err := self.Receive(ctx); !errors.Is(err, worker.ErrNotWorker) {
		t.Errorf("receive: %v, want %v", err, worker.ErrNotWorker)
	}
	self.Disconnect()
}

func TestListenAlone(t *testing.T) {
	nodetest.NoLeaks(t)
	self := joinAlone(t)
	ctx := context.Background()
	l, err := self.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := self.Listen(ctx, "tcp", l.Addr().String()); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a second server on %s: %v, want %v", l.Addr(), err, syscall.EADDRINUSE)
	}
	l.Close()
	file, port := clustertest.ListeningFile(t)
	descriptor, err := syscall.Dup(int(file.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	l, err = worker.ListenConfig{FD: &descriptor}.Listen(ctx, self, "", "")
	if err != nil {
		t.Fatal(err)
	}
	if got := l.Addr().(*net.TCPAddr).Port; got != port {
		t.Errorf("the descriptor's server has port %d, want %d", got, port)
	}
	l.Close()
	conn, err := worker.ListenConfig{ReuseAddress: true}.ListenPacket(ctx, self, "udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	again, err := worker.ListenConfig{ReuseAddress: true}.ListenPacket(ctx, self, "udp4", conn.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}

func TestListenAloneOnPath(t *testing.T) {
	nodetest.NoLeaks(t)
	self := joinAlone(t)
	for _, c := range []struct {
		config worker.ListenConfig
		want   os.FileMode
	}{
		{worker.ListenConfig{ReadableAll: true}, 0o444},
		{worker.ListenConfig{WritableAll: true}, 0o222},
		{worker.ListenConfig{ReadableAll: true, WritableAll: true}, 0o666},
	} {
		path := filepath.Join(t.TempDir(), "socket")
		l, err := c.config.Listen(context.Background(), self, "unix", path)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&c.want != c.want {
			t.Errorf("mode %o, want %o in it", info.Mode().Perm(), c.want)
		}
		l.Close()
	}
}

// TestServeAlone serves until the context ends, and then finishes the request that is under way.
func TestServeAlone(t *testing.T) {
	nodetest.NoLeaks(t)
	joinAlone(t)
	path := filepath.Join(t.TempDir(), "socket")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	listening := make(chan net.Addr, 1)
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			cancel()
			io.WriteString(w, "finished")
		}),
		BaseContext: func(l net.Listener) context.Context { listening <- l.Addr(); return context.Background() },
	}
	served := make(chan error, 1)
	go func() { served <- worker.Serve(ctx, server, "unix", path) }()
	select {
	case <-listening:
	case err := <-served:
		t.Fatal(err)
	}
	client := clustertest.RealClient(t, false, func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	})
	response, err := client.Get("http://unix/")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if answer, err := io.ReadAll(response.Body); string(answer) != "finished" || err != nil {
		t.Errorf("the answer is %q, %v", answer, err)
	}
	if err := <-served; err != nil {
		t.Errorf("serve: %v", err)
	}
}
