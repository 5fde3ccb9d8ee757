package cluster

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/nodeipc/eventloop"
)

// primaryOnLoop is the part of a primary that has no lock: only functions that the primary's loop runs may touch it. In the code it is
// always p.onLoop, as a worker's is w.onLoop. All methods of this file run on the loop.
type primaryOnLoop struct {
	workers   map[int]*Worker // those of which something is left: the process or the channel
	dismissed map[int]*Worker // those of them that were asked to leave
	servers   map[string]server
	looks     *queueLooks
	estates   []estate // of workers that have ended, the oldest first
	graces    graces
	seq       uint32          // the number of the next message
	firstSeq  uint32          // after wire.MaxSeq
	frame     []byte          // the last message with a connection, whose memory is used again
	switching bool            // workers change their parts, and the kernel is told afterwards
	leaving   bool            // all are to leave
	empty     []chan struct{} // closed when no worker is left
	stops     []func(*Worker) // called for workers to come, until then
	lag       lagMeter

	toldOfShortage  bool
	toldOfPolicy    bool
	toldOfHandedOut map[Runtime]bool
}

func newPrimaryOnLoop(loop *eventloop.Loop) primaryOnLoop {
	return primaryOnLoop{
		looks:   newQueueLooks(loop),
		workers: map[int]*Worker{}, dismissed: map[int]*Worker{}, servers: map[string]server{},
		toldOfHandedOut: map[Runtime]bool{}, graces: usualGraces,
	}
}

func (p *Primary) disconnectAll(gone chan struct{}) {
	p.onLoop.leaving = true
	p.disconnect(p.inOrder()...)
	p.closeHeld()
	p.onLoop.empty = append(p.onLoop.empty, gone)
	p.notifyEmpty()
}

// inOrder returns the workers of which something is left, by age.
func (p *Primary) inOrder() (workers []*Worker) {
	for _, id := range slices.Sorted(maps.Keys(p.onLoop.workers)) {
		workers = append(workers, p.onLoop.workers[id])
	}
	return workers
}

// now returns the time since the primary was made.
func (p *Primary) now() time.Duration { return time.Since(p.begun) }

func (p *Primary) nextSeq() uint32 {
	if p.onLoop.seq == wire.MaxSeq {
		p.onLoop.seq = p.onLoop.firstSeq
	}
	p.onLoop.seq++
	return p.onLoop.seq - 1
}

// runs adds a worker to those that Kill kills. It reports false if Close was called: what starts now is to end.
func (p *Primary) runs(w *Worker) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running[w] = struct{}{}
	return !p.closing
}

func (p *Primary) runsNoMore(w *Worker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.running, w)
}

// dismiss takes a worker that was asked to leave off the list of workers.
func (p *Primary) dismiss(w *Worker) { p.onLoop.dismissed[w.id] = w }

// settle removes a worker of which nothing is left.
func (p *Primary) settle(w *Worker) {
	if !w.life.now().isGone() || p.onLoop.workers[w.id] == nil {
		return
	}
	delete(p.onLoop.workers, w.id)
	delete(p.onLoop.dismissed, w.id)
	for _, other := range p.onLoop.workers {
		if other.onLoop.before == w {
			other.onLoop.before = nil
		}
	}
	p.notifyEmpty()
}

func (p *Primary) notifyEmpty() {
	if len(p.onLoop.workers) > 0 || !p.onLoop.leaving {
		return
	}
	p.closeHeld()
	for _, gone := range p.onLoop.empty {
		close(gone)
	}
	p.onLoop.empty, p.onLoop.stops, p.onLoop.leaving = nil, nil, false
}

// warnOnce tells the program of the first connection that waits because the system is short of something.
func (p *Primary) warnOnce(err error) {
	if !p.onLoop.toldOfShortage {
		p.onLoop.toldOfShortage = true
		p.events.emit(ErrorEvent{Err: fmt.Errorf("cluster: connections wait: %w", err)})
	}
}

// warnOfPolicy tells the program of the first server whose connections are handed out otherwise than by the policy.
func (p *Primary) warnOfPolicy(err error) {
	if !p.onLoop.toldOfPolicy {
		p.onLoop.toldOfPolicy = true
		p.events.emit(ErrorEvent{Err: fmt.Errorf("cluster: scheduling policy %q: %w", p.policy, err)})
	}
}

// tellHandedOut tells the program, once, that workers on this runtime do not get the sockets that the policy has for them.
func (p *Primary) tellHandedOut(r Runtime) {
	if p.onLoop.toldOfHandedOut[r] {
		return
	}
	p.onLoop.toldOfHandedOut[r] = true
	p.events.emit(ErrorEvent{Err: fmt.Errorf("cluster: scheduling policy %q: the primary hands out the connections of workers on %s, which take no listening socket", p.policy, r)})
}
