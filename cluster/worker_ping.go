package cluster

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc"
)

// Ping waits until the worker's event loop has moved: until it has read a message without a meaning that is sent now, or, where it has not
// read all that came before, that. It returns how long that took, as [Worker.Lag] says it, or why it is not known: ctx has ended;
// [nodeipc.ErrDisconnected], if the worker's channel has ended or it has not come online yet; [errors.ErrUnsupported] anywhere but on
// Linux, where the system does not tell what a worker has read. No code of the worker is run, and no answer is awaited.
func (w *Worker) Ping(ctx context.Context) (lag time.Duration, err error) {
	w.primary.mustNotWait("Ping of a worker")
	if lag, err = w.awaitRead(ctx); err != nil {
		err = fmt.Errorf("cluster: ping worker %d: %w", w.id, err)
	}
	return lag, err
}

func (w *Worker) awaitRead(ctx context.Context) (time.Duration, error) {
	if runtime.GOOS != "linux" {
		return 0, fmt.Errorf("what a worker has read, Linux alone tells: %w", errors.ErrUnsupported)
	}
	read, pinged := make(chan time.Duration, 1), false
	w.primary.loop.Call(func() { pinged = w.primary.onLoop.lag.pingFor(w, read) })
	if !pinged {
		return 0, nodeipc.ErrDisconnected
	}
	select {
	case lag := <-read:
		return lag, nil
	case <-w.Disconnected():
		return 0, nodeipc.ErrDisconnected
	case <-ctx.Done():
		w.primary.loop.Post(func() {
			l := &w.onLoop.lag
			l.awaited = slices.DeleteFunc(l.awaited, func(other chan<- time.Duration) bool { return other == read })
		})
		return 0, context.Cause(ctx)
	}
}

// pingFor pings a worker beside what the period asks for, and has its lag sent once it has read. It reports false if the worker cannot be
// pinged.
func (m *lagMeter) pingFor(w *Worker, read chan<- time.Duration) bool {
	l, now := &w.onLoop.lag, m.primary.now()
	if l.pinged && !w.onLoop.channel.HasUnread() {
		m.hasRead(w, now)
	}
	if !l.pinged {
		if !w.ping() {
			return false
		}
		l.begin(now)
	}
	if !slices.Contains(m.pinged, w) {
		m.pinged = append(m.pinged, w)
	}
	l.awaited = append(l.awaited, read)
	if l.look < m.due {
		m.tickAt(l.look)
	}
	return true
}
