//go:build !portable

package cluster

import (
	"errors"
	"slices"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/bind"
	"github.com/nodecluster/nodecluster/nodeipc/eventloop"
	"golang.org/x/sys/unix"
)

const (
	// queueLookInterval is how often the primary looks at its workers' queues while connections come.
	queueLookInterval = time.Millisecond
	// minFullLooks is at how many looks in a row a queue must not be empty for its worker to be taken for busy.
	minFullLooks = 2
	// maxEmptyLooks is after how many looks in a row at which all queues were empty no more connections are expected soon.
	maxEmptyLooks = 20
	// maxAliveAge is for how long a worker that was seen to go on is taken to do so.
	maxAliveAge = 3 * queueLookInterval
)

// queueLooks has the primary look at the queues of workers that accept by themselves. From one whose worker does not come to
// accept, it takes connections for those of the same server that have nothing to do. It looks only while connections come: until then the
// loop watches the sockets, and wakes once.
type queueLooks struct {
	loop    *eventloop.Loop
	timer   *eventloop.Timer // of the next look
	queues  []*workerQueue
	polls   []unix.PollFd // one for each of queues
	looking bool
	empty   int // looks in a row at which all queues were empty
}

// workerQueue is the listening socket of one worker, or stands for a worker that has none.
type workerQueue struct {
	looks  *queueLooks
	server *groupServer
	target *Target
	fd     int           // -1 if there is no socket: poll passes it over
	full   int           // looks in a row at which it was not empty
	alive  time.Duration // when its worker was last seen to go on, by the dispatcher's now
	asked  bool          // the worker was sent something, and was not seen to have read it
}

func newQueueLooks(loop *eventloop.Loop) *queueLooks {
	l := &queueLooks{loop: loop}
	l.timer = loop.NewTimer(l.look)
	return l
}

// add begins to look at the queue of a target. fd is -1 if it has none.
func (l *queueLooks) add(s *groupServer, target *Target, fd int) {
	q := &workerQueue{looks: l, server: s, target: target, fd: fd}
	l.queues = append(l.queues, q)
	l.polls = append(l.polls, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
	if !l.looking {
		q.watch()
	}
}

// remove ends looking at the queue of a target, if there is one.
func (l *queueLooks) remove(target *Target) {
	i := slices.IndexFunc(l.queues, func(q *workerQueue) bool { return q.target == target })
	if i < 0 {
		return
	}
	if q := l.queues[i]; !l.looking && q.fd >= 0 {
		l.loop.Remove(q.fd)
	}
	l.queues = slices.Delete(l.queues, i, i+1)
	l.polls = slices.Delete(l.polls, i, i+1)
	if len(l.queues) == 0 {
		l.end()
	}
}

// watch has the looking begin when a connection comes.
func (q *workerQueue) watch() {
	if q.fd < 0 {
		return
	}
	if err := q.looks.loop.Add(q.fd, eventloop.Readable|eventloop.Edge, q); err != nil {
		q.server.primary().warnOnce(err)
	}
}

// Ready is the loop's call: connections come.
func (q *workerQueue) Ready(eventloop.Events) { q.looks.begin() }

func (l *queueLooks) begin() {
	if l.looking {
		return
	}
	l.looking, l.empty = true, 0
	for _, q := range l.queues {
		if q.fd >= 0 {
			l.loop.Remove(q.fd)
		}
		q.full, q.asked, q.alive = 0, false, 0
	}
	l.timer.Reset(queueLookInterval)
}

func (l *queueLooks) end() {
	if !l.looking {
		return
	}
	l.looking = false
	l.timer.Stop()
	for _, q := range l.queues {
		q.watch()
	}
}

// look takes from queues that stay full for workers whose queues are empty.
func (l *queueLooks) look() {
	l.timer.Reset(queueLookInterval)
	n, err := unix.Poll(l.polls, 0)
	if err != nil {
		return
	}
	for i, q := range l.queues {
		q.see(l.polls[i].Revents != 0)
	}
	if n > 0 {
		l.empty = 0
		l.stealFromFull()
	} else if l.empty++; l.empty == maxEmptyLooks {
		l.end()
	}
}

func (l *queueLooks) stealFromFull() {
	for _, q := range l.queues {
		if q.full >= minFullLooks {
			q.server.steal(q)
		}
	}
}

// see takes a look into account.
func (q *workerQueue) see(full bool) {
	if q.full++; !full {
		q.full = 0
	}
	if q.asked && q.target.inFlight == 0 && !q.target.worker.onLoop.channel.HasUnread() {
		q.asked, q.alive = false, q.server.now()
	}
}

// steal gives connections from a queue to idle workers, one to each.
func (s *groupServer) steal(from *workerQueue) {
	defer s.schedule() // for a connection that a full channel did not take
	for !s.acceptPaused {
		to := from.looks.idle(from)
		if to == nil {
			return
		}
		connection, err := bind.Accept(from.fd)
		switch {
		case err == nil:
			to.asked = true
			s.offer(to.target, Connection{fd: connection})
		case errors.Is(err, bind.ErrNothingToAccept):
			return
		default:
			s.pauseAccepting(err)
			return
		}
	}
}

// idle is the queue of the worker that is to have a connection which waits for another: of those of the server with an empty
// queue and no connection on their way the one that has answered most quickly lately. It must have been seen to go on, or it
// may be as busy as the other: those that were not are sent what every runtime passes over, and seen to read it.
func (l *queueLooks) idle(from *workerQueue) (idle *workerQueue) {
	now := from.server.now()
	for _, q := range l.queues {
		switch {
		case q.server != from.server || q.full > 0 || q.asked || q.target.inFlight > 0 || !q.target.Available():
		case q.alive == 0 || now-q.alive > maxAliveAge:
			q.ask()
		case idle == nil || q.target.latencyAt(now) < idle.target.latencyAt(now):
			idle = q
		}
	}
	return idle
}

// ask sends the worker something to read. That it has read it is seen without an answer, which would wake the primary.
func (q *workerQueue) ask() {
	q.asked = true
	q.target.worker.postNothing()
}
