//go:build unix

package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// keeper is a worker that keeps the sockets that it is given, closes the oldest when it is told to, and says when it is asked to tell that
// all are closed.
const keeper = `
	const sockets = [];
	process.on('internalMessage', (m) => { if (m.cmd === 'NODE_SOCKET_NOTIFY_CLOSE') process.send('asked'); });
	process.on('message', (m, socket) => {
		if (socket) {
			sockets.push(socket.resume());
			process.send('taken ' + sockets.length);
		} else sockets.shift().on('close', () => process.send('left ' + sockets.length)).destroy();
	});
	process.send('ready');`

// keepers are two workers and what sends them sockets.
type keepers struct {
	*clustertest.Rig
	listener net.Listener
}

func startKeepers(t *testing.T, node nodetest.Runtime) (k *keepers, first, second *cluster.Worker) {
	t.Helper()
	k = &keepers{Rig: clustertest.NewRig(t, cluster.Settings{ExecPath: node.Path, Exec: nodetest.Script(t, "keeper.js", keeper)})}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	k.listener = l
	first, second = k.MustFork(), k.MustFork()
	k.Ready(first)
	k.Ready(second)
	return k, first, second
}

// give sends a worker a socket with a server key, as the worker's n-th.
func (k *keepers) give(w *cluster.Worker, key string, n int) {
	k.T.Helper()
	client, err := net.Dial("tcp", k.listener.Addr().String())
	if err != nil {
		k.T.Fatal(err)
	}
	k.T.Cleanup(func() { client.Close() })
	accepted, err := k.listener.Accept()
	if err != nil {
		k.T.Fatal(err)
	}
	h, err := handlewrap.FromConn(accepted)
	accepted.Close()
	if err != nil {
		k.T.Fatal(err)
	}
	h.SetServerKey(key)
	if err := w.SendHandle(clustertest.Patient(k.T), "a socket", h); err != nil {
		h.Close()
		k.T.Fatal(err)
	}
	k.says(w, fmt.Sprintf("taken %d", n))
}

func (k *keepers) says(w *cluster.Worker, text string) {
	k.T.Helper()
	k.Await(k.T, text, func(o clustertest.Occurrence) bool {
		return o.Event == "message" && o.Worker == w.ID() && string(o.Message) == fmt.Sprintf("%q", text)
	})
}

// closeOldest has a worker close a socket, of which so many are left then.
func (k *keepers) closeOldest(w *cluster.Worker, left int) {
	k.T.Helper()
	if err := w.Send(clustertest.Patient(k.T), "close"); err != nil {
		k.T.Fatal(err)
	}
	k.says(w, fmt.Sprintf("left %d", left))
}

// wait has WaitSocketsClosed be called, and returns when the worker is asked.
func (k *keepers) wait(ctx context.Context, w *cluster.Worker, key string) <-chan error {
	k.T.Helper()
	ended := make(chan error, 1)
	go func() { ended <- w.WaitSocketsClosed(ctx, key) }()
	k.says(w, "asked")
	return ended
}

// Each worker answers for the sockets that it has, when the last of them is closed.
func TestWaitSocketsClosed(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		t.Parallel()
		k, first, second := startKeepers(t, node)
		const key = "4:127.0.0.1:1337"
		k.give(first, key, 1)
		k.give(first, key, 2)
		k.give(second, key, 1)
		ofFirst, ofSecond := k.wait(clustertest.Patient(t), first, key), k.wait(clustertest.Patient(t), second, key)
		k.closeOldest(first, 1)
		k.closeOldest(second, 0)
		if err := nodetest.Receive(t, ofSecond, "word that the second worker has closed its socket"); err != nil {
			t.Errorf("the second worker: %v", err)
		}
		select {
		case err := <-ofFirst:
			t.Fatalf("the first worker has a socket open, and waiting for it has ended: %v", err)
		default:
		}
		k.closeOldest(first, 0)
		if err := nodetest.Receive(t, ofFirst, "word that the first worker has closed its sockets"); err != nil {
			t.Errorf("the first worker: %v", err)
		}
	})
}

// Waiting ends with the worker, and with the context.
func TestWaitSocketsClosedEnds(t *testing.T) {
	nodetest.NoLeaks(t)
	k, first, second := startKeepers(t, nodetest.Default(t))
	const key = "4:127.0.0.1:1337"
	k.give(first, key, 1)
	k.give(second, key, 1)
	ctx, cancel := context.WithCancel(t.Context())
	ofFirst, ofSecond := k.wait(ctx, first, key), k.wait(clustertest.Patient(t), second, key)
	cancel()
	if err := nodetest.Receive(t, ofFirst, "end of the waiting"); !errors.Is(err, context.Canceled) {
		t.Errorf("the context has ended: %v", err)
	}
	k.Signal(second, syscall.SIGKILL)
	if err := nodetest.Receive(t, ofSecond, "end of the waiting"); !errors.Is(err, nodeipc.ErrDisconnected) {
		t.Errorf("the worker has ended: %v", err)
	}
}
