//go:build unix

package trace

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/relay"
	"github.com/nodecluster/nodecluster/nodeipc/tracing"
)

// server takes the channels of the processes that report, and relays them.
type server struct {
	listeners []*net.UnixListener
	log       *log
	exits     *exits
	summary   *summary
	reporting chan struct{}  // has one for each process that reports
	running   sync.WaitGroup // channels, reports and exits

	mu       sync.Mutex
	relays   map[*relay.Relay]bool
	pending  map[*net.UnixConn]bool // those that report
	alive    map[int]*channel       // by the child's process id
	count    int                    // of channels so far
	refused  int                    // reports of strangers
	finished bool                   // no more channels
	closed   bool                   // no more exits either
}

func listen(where folder, l *log, sum *summary) (*server, error) {
	listeners, err := where.listen()
	if err != nil {
		return nil, err
	}
	exits, err := newExits(where)
	if err != nil {
		closeAll(listeners)
		return nil, err
	}
	s := &server{
		listeners: listeners, log: l, exits: exits, summary: sum, reporting: make(chan struct{}, maxReporting),
		relays: map[*relay.Relay]bool{}, pending: map[*net.UnixConn]bool{}, alive: map[int]*channel{},
	}
	for _, listener := range listeners {
		s.running.Go(func() { s.accept(listener) })
	}
	s.running.Go(func() { exits.hear(s.exited, func(err error) { l.note("an exit is not in the trace: %v", err) }) })
	return s, nil
}

func (s *server) start(r report, p *peer, fds []int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.finished {
		return errEnded
	}
	if p.parent != 0 {
		r.Parent = p.parent
	}
	c := &channel{log: s.log, summary: s.summary, number: s.count + 1, report: r, begun: make(chan struct{}), ended: make(chan struct{})}
	running, err := relay.Start(fds[0], fds[1], relay.Options{Serialization: r.Serialization, Observer: c})
	if err != nil {
		return err
	}
	c.begin()
	s.count++
	s.relays[running] = true
	s.alive[r.PID] = c
	s.running.Go(func() {
		<-running.Done()
		s.mu.Lock()
		delete(s.relays, running)
		s.mu.Unlock()
	})
	return nil
}

// exited tells of the end of a child, if it is one, once what it had sent before has been told.
func (s *server) exited(e tracing.Exit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.alive[e.PID]
	if c == nil || s.closed {
		return
	}
	delete(s.alive, e.PID)
	s.running.Go(func() {
		select {
		case <-c.ended:
		case <-time.After(tracing.Patience):
		}
		c.exit(e)
	})
}

// exitedBy tells of the end of a child that its parent, or another child of that, reports.
func (s *server) exitedBy(p *peer, e tracing.Exit) error {
	s.mu.Lock()
	c := s.alive[e.PID]
	s.mu.Unlock()
	if c == nil {
		return nil
	}
	if p.pid != c.report.Parent && p.parent != c.report.Parent {
		return fmt.Errorf("pid %d reports the exit of pid %d, which is not its child", p.pid, e.PID)
	}
	s.exited(e)
	return nil
}

// end ends the channels of processes that have all ended, those too that other processes have got hold of.
func (s *server) end() { s.stop((*relay.Relay).End) }

// close ends all channels at once.
func (s *server) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stop(func(r *relay.Relay) { r.Close() })
	s.wait()
}

// stop takes no more channels, and ends those that there are.
func (s *server) stop(end func(*relay.Relay)) {
	s.mu.Lock()
	s.finished = true
	relays := slices.Collect(maps.Keys(s.relays))
	for c := range s.pending {
		c.SetDeadline(time.Now())
	}
	s.mu.Unlock()
	for _, r := range relays {
		end(r)
	}
}

// wait waits until all channels have ended and the log has all that was sent.
func (s *server) wait() {
	closeAll(s.listeners)
	s.exits.stop()
	s.running.Wait()
	if s.refused > 1 {
		s.log.note("%d processes could not report in all: they are no descendants of the traced program, or had ended", s.refused)
	}
}

// channels is how many there were.
func (s *server) channels() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}
