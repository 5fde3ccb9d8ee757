//go:build unix

package trace

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/relay"
	"github.com/nodecluster/nodecluster/nodeipc/tracing"
	"golang.org/x/sys/unix"
)

// maxReporting is how many processes may report at once. Further ones wait.
const maxReporting = 32

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

// listen makes the socket in the folder. Descendants of a root program that have given up its rights cannot connect to that, and
// have an abstract one.
func (f folder) listen() (listeners []*net.UnixListener, err error) {
	path := f.path(tracing.Socket)
	names := []string{path}
	if abstract := tracing.Folder(f).Abstract(); abstract != path && os.Geteuid() == 0 {
		names = append(names, abstract)
	}
	for _, name := range names {
		listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: name, Net: "unix"})
		if err != nil {
			closeAll(listeners)
			return nil, err
		}
		listeners = append(listeners, listener)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		closeAll(listeners)
		return nil, err
	}
	return listeners, nil
}

func closeAll(listeners []*net.UnixListener) {
	for _, l := range listeners {
		l.Close()
	}
}

func (s *server) accept(listener *net.UnixListener) {
	for {
		c, err := listener.AcceptUnix()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			s.log.note("a process could not report: %v", err)
			time.Sleep(10 * time.Millisecond) // no descriptors left, say
		default:
			s.admit(c)
		}
	}
}

// admit has a descendant of this process report. Others are let go at once.
func (s *server) admit(c *net.UnixConn) {
	p, err := peerOf(c)
	if err != nil {
		c.Close()
		s.refuse(p, err)
		return
	}
	s.reporting <- struct{}{}
	s.mu.Lock()
	s.pending[c] = true
	c.SetDeadline(time.Now().Add(tracing.ReportTime))
	if s.finished {
		c.SetDeadline(time.Now())
	}
	s.mu.Unlock()
	s.running.Go(func() {
		s.take(c, p)
		p.close()
		s.mu.Lock()
		delete(s.pending, c)
		s.mu.Unlock()
		<-s.reporting
	})
}

// refuse notes the first process that may not report, and counts the others: strangers may come as often as they like.
func (s *server) refuse(p *peer, err error) {
	s.mu.Lock()
	s.refused++
	first := s.refused == 1
	s.mu.Unlock()
	if !first {
		return
	}
	if errors.Is(err, errStranger) {
		err = fmt.Errorf("pid %d of uid %d wants to report: %w", p.pid, p.uid, err)
	}
	s.log.note("a channel is not traced: %v", err)
}

// take takes what a process reports.
func (s *server) take(c *net.UnixConn, p *peer) {
	defer c.Close()
	c.Write([]byte{'\n'})
	r, fds, err := receive(c, p)
	switch {
	case err != nil:
	case r.Exit != nil:
		err = s.exitedBy(p, *r.Exit)
	default:
		err = s.start(r, p, fds)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = fmt.Errorf("pid %d does not say what it is", p.pid)
	}
	if err != nil {
		for _, fd := range fds {
			unix.Close(fd)
		}
		s.log.note("%s: %v", r.missing(), err)
		return
	}
	c.Write([]byte{'\n'})
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
