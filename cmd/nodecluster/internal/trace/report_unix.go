//go:build unix

package trace

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	// maxReport is more than a report of maxReported bytes takes as JSON.
	maxReport = 64 << 10
	// maxDescriptors is how many descriptors are taken at once: more than a report has, so that one with too many is refused.
	maxDescriptors = 8
)

// receive reads a report of the peer's. The descriptors are the caller's, whatever the error.
func receive(c *net.UnixConn, p *peer) (r report, fds []int, err error) {
	var line []byte
	b, control := make([]byte, 4<<10), make([]byte, unix.CmsgSpace(4*maxDescriptors)+credentialsSpace)
	for !bytes.HasSuffix(line, []byte("\n")) && len(line) < maxReport {
		n, cn, _, _, err := c.ReadMsgUnix(b, control)
		// Linux says that a process has reset a connection if it was killed before it read what the tracer says first.
		if errors.Is(err, syscall.ECONNRESET) || (err == nil || errors.Is(err, io.EOF)) && n == 0 {
			return r, fds, errEnded
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return r, fds, err
		}
		messages, _ := unix.ParseSocketControlMessage(control[:cn])
		fds = append(fds, descriptorsIn(messages)...)
		if !p.isFrom(messages) {
			return r, fds, errors.New("what reports is not what has connected, or it has ended")
		}
		if line = append(line, b[:n]...); len(fds) > maxDescriptors {
			break
		}
	}
	if err := json.Unmarshal(line, &r); err != nil {
		return r, fds, fmt.Errorf("a report that makes no sense: %w", err)
	}
	return r, fds, r.check(p, fds)
}

// descriptorsIn are those that control messages bring.
func descriptorsIn(messages []unix.SocketControlMessage) (fds []int) {
	for i := range messages {
		rights, _ := unix.ParseUnixRights(&messages[i])
		fds = append(fds, rights...)
	}
	for _, fd := range fds {
		unix.CloseOnExec(fd)
	}
	return fds
}

// check expects that a report is whole, and that a channel is reported by the process that will have it.
func (r *report) check(p *peer, fds []int) error {
	want := 2
	if r.Exit != nil {
		want = 0
	}
	switch {
	case len(fds) != want:
		return fmt.Errorf("pid %d reports %d descriptors, not %d", r.PID, len(fds), want)
	case r.Exit == nil && !p.isCalled(r.PID):
		return fmt.Errorf("pid %d says that it is pid %d", p.pid, r.PID)
	}
	return nil
}
