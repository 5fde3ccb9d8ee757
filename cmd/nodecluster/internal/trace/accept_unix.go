//go:build unix

package trace

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/tracing"
	"golang.org/x/sys/unix"
)

// maxReporting is how many processes may report at once. Further ones wait.
const maxReporting = 32

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
