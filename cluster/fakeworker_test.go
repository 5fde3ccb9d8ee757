//go:build unix

package cluster

import (
	"context"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nodecluster/nodecluster/nodeipc"
)

// newTestPrimary makes a primary whose events are taken and thrown away, until the test ends.
func newTestPrimary(tb testing.TB, policy SchedulingPolicy) *Primary {
	tb.Helper()
	p, err := NewPrimary(Settings{SchedulingPolicy: policy})
	if err != nil {
		tb.Fatal(err)
	}
	var taken sync.WaitGroup
	taken.Go(func() {
		for event := range p.Events(context.Background()) {
			if m, ok := event.(MessageEvent); ok && m.Message.Handle != nil {
				m.Message.Handle.Close()
			}
		}
	})
	tb.Cleanup(func() {
		p.Close()
		taken.Wait()
	})
	return p
}

// fakeWorker is a worker without a process: the test has its end of the channel.
type fakeWorker struct {
	*Worker
	end int
}

var fakeID = 0

func newFakeWorker(tb testing.TB, p *Primary) *fakeWorker {
	tb.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		tb.Fatal(err)
	}
	unix.CloseOnExec(pair[0])
	unix.CloseOnExec(pair[1])
	fakeID++
	w := &Worker{id: fakeID, primary: p, life: newLifeline(), onLoop: newWorkerOnLoop()}
	w.identified(RuntimeNode)
	p.loop.Call(func() {
		var channel *nodeipc.Channel
		channel, err = nodeipc.NewChannel(pair[0], nodeipc.Options{
			Serialization: p.Settings().Serialization, Loop: p.loop, Handler: workerChannel{w}, Warn: w.warn,
		})
		if err == nil {
			workerChannel{w}.HandleStart(&nodeipc.Child{Channel: channel})
		}
	})
	if err != nil {
		tb.Fatal(err)
	}
	return &fakeWorker{w, pair[1]}
}

// write sends what the worker says. The primary may close the channel meanwhile.
func (w *fakeWorker) write(b []byte) {
	for len(b) > 0 {
		n, err := unix.SendmsgN(w.end, b, nil, nil, unix.MSG_NOSIGNAL)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return
		}
		b = b[n:]
	}
}

// finish ends the worker's side, and waits until the primary has heard all of it.
func (w *fakeWorker) finish() {
	unix.Shutdown(w.end, unix.SHUT_WR)
	<-w.child.Done()
	w.primary.loop.Call(func() { workerChannel{w.Worker}.HandleExit(nodeipc.ExitStatus{}) })
	unix.Close(w.end)
}
