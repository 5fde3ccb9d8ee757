//go:build unix

package trace

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

const (
	// reportTime is how long a process may take to report.
	reportTime = 30 * time.Second
	// mostReport is more than a report of mostReported bytes takes as JSON.
	mostReport = 64 << 10
)

// server takes the channels of the processes that report, and relays them.
type server struct {
	listener *net.UnixListener
	log      *log
	exits    *exits
	summary  *summary
	running  sync.WaitGroup // channels, reports and exits

	mu     sync.Mutex
	relays map[*relay.Relay]bool
	alive  map[int]*channel // by the child's process id
	count  int              // of channels so far
	closed bool
}

func listen(where folder, l *log, sum *summary) (*server, error) {
	path := where.path(tracing.Socket)
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	mode := os.FileMode(0o600)
	if os.Geteuid() == 0 {
		mode = 0o666 // the program may have given up root's rights
	}
	if err := os.Chmod(path, mode); err != nil {
		listener.Close()
		return nil, err
	}
	exits, err := newExits(where, mode)
	if err != nil {
		listener.Close()
		return nil, err
	}
	s := &server{listener: listener, log: l, exits: exits, summary: sum, relays: map[*relay.Relay]bool{}, alive: map[int]*channel{}}
	s.running.Go(s.accept)
	s.running.Go(func() { exits.hear(s.exited, func(err error) { l.note("an exit is not in the trace: %v", err) }) })
	return s, nil
}

func (s *server) accept() {
	for {
		c, err := s.listener.AcceptUnix()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			s.log.note("a process could not report: %v", err)
			time.Sleep(10 * time.Millisecond) // no descriptors left, say
		default:
			s.running.Go(func() { s.take(c) })
		}
	}
}

// take starts to relay the channel of a process that reports.
func (s *server) take(c *net.UnixConn) {
	defer c.Close()
	c.SetDeadline(time.Now().Add(reportTime))
	r, fds, err := receive(c)
	if err == nil {
		err = s.start(r, fds)
	}
	if err != nil {
		for _, fd := range fds {
			unix.Close(fd)
		}
		s.log.note("a channel is not traced: %v", err)
		return
	}
	c.Write([]byte{'\n'})
}

// receive reads a report. The descriptors are the caller's, whatever the error.
func receive(c *net.UnixConn) (r report, fds []int, err error) {
	var line []byte
	b, control := make([]byte, mostReport), make([]byte, unix.CmsgSpace(4*253))
	for !bytes.HasSuffix(line, []byte("\n")) && len(line) < mostReport {
		n, cn, _, _, err := c.ReadMsgUnix(b, control)
		if err != nil && !errors.Is(err, io.EOF) {
			return r, fds, err
		}
		if messages, err := unix.ParseSocketControlMessage(control[:cn]); err == nil {
			for i := range messages {
				rights, _ := unix.ParseUnixRights(&messages[i])
				fds = append(fds, rights...)
			}
		}
		if n == 0 {
			break
		}
		line = append(line, b[:n]...)
	}
	for _, fd := range fds {
		unix.CloseOnExec(fd)
	}
	if !bytes.HasSuffix(line, []byte("\n")) && len(line) < mostReport {
		return r, fds, errors.New("its process ended before it could say what it is")
	}
	if err := json.Unmarshal(line, &r); err != nil {
		return r, fds, fmt.Errorf("a report that makes no sense: %w", err)
	}
	if len(fds) != 2 {
		return r, fds, fmt.Errorf("pid %d reports %d descriptors, not 2", r.PID, len(fds))
	}
	return r, fds, nil
}

func (s *server) start(r report, fds []int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return net.ErrClosed
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

// wait waits for the end of all channels, and takes no more.
func (s *server) wait() {
	s.listener.Close()
	s.exits.stop()
	s.running.Wait()
}

// close ends all channels.
func (s *server) close() {
	s.mu.Lock()
	s.closed = true
	relays := slices.Collect(maps.Keys(s.relays))
	s.mu.Unlock()
	for _, r := range relays {
		r.Close()
	}
	s.wait()
}

// channels is how many there were.
func (s *server) channels() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}
