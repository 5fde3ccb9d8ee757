//go:build linux

package modeltest

import (
	"encoding/binary"
	"encoding/json"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// Peer is the other end of a channel, which sends what it likes.
type Peer struct {
	Fd            int
	Serialization nodeipc.Serialization
	read          []byte
	Fds           []int
}

func NewPeer(tb testing.TB, s nodeipc.Serialization) (p *Peer, theirs int) {
	tb.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		tb.Fatal(err)
	}
	return &Peer{Fd: pair[1], Serialization: s}, pair[0]
}

// Frame is a message as it is on the channel.
func (p *Peer) Frame(v any) []byte {
	if m, ok := v.(Message); ok {
		v = m.object()
	}
	payload, err := structuredclone.Marshal(v)
	if err != nil {
		return []byte("?")
	}
	if p.Serialization == nodeipc.Advanced {
		return append(binary.BigEndian.AppendUint32(nil, uint32(len(payload))), payload...)
	}
	var text json.RawMessage
	if err := structuredclone.Unmarshal(payload, &text); err != nil {
		return []byte("?")
	}
	return append(text, '\n')
}

func (p *Peer) Say(v any, fds ...int) { p.Write(p.Frame(v), fds...) }

// Write sends bytes, and descriptors beside the first. The channel may be closed, or full.
func (p *Peer) Write(b []byte, fds ...int) {
	var rights []byte
	if len(fds) > 0 {
		rights = unix.UnixRights(fds...)
	}
	for len(b) > 0 {
		n, err := unix.SendmsgN(p.Fd, b, rights, nil, unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return
		}
		b, rights = b[n:], nil
	}
}

// Heard reads what is there, and gives whole messages as JSON. Descriptors are in fds.
func (p *Peer) Heard() (messages []json.RawMessage) {
	buffer, control := make([]byte, 64<<10), make([]byte, unix.CmsgSpace(4*253))
	for {
		n, nControl, _, _, err := unix.Recvmsg(p.Fd, buffer, control, unix.MSG_DONTWAIT|unix.MSG_CMSG_CLOEXEC)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			break
		}
		p.read = append(p.read, buffer[:n]...)
		rights, _ := unix.ParseSocketControlMessage(control[:nControl])
		for i := range rights {
			fds, _ := unix.ParseUnixRights(&rights[i])
			p.Fds = append(p.Fds, fds...)
		}
	}
	for {
		m, ok := p.cut()
		if !ok {
			return messages
		}
		messages = append(messages, m)
	}
}

func (p *Peer) cut() (m json.RawMessage, ok bool) {
	if p.Serialization == nodeipc.JSON {
		end := slices.Index(p.read, '\n')
		if end < 0 {
			return nil, false
		}
		m = slices.Clone(p.read[:end])
		p.read = p.read[end+1:]
		return m, true
	}
	if len(p.read) < 4 || len(p.read)-4 < int(binary.BigEndian.Uint32(p.read)) {
		return nil, false
	}
	end := 4 + int(binary.BigEndian.Uint32(p.read))
	structuredclone.Unmarshal(p.read[4:end], &m)
	p.read = p.read[end:]
	return m, true
}

// CloseFDs closes the descriptors that have come.
func (p *Peer) CloseFDs() {
	for _, fd := range p.Fds {
		unix.Close(fd)
	}
	p.Fds = nil
}

func (p *Peer) Close() {
	p.CloseFDs()
	unix.Close(p.Fd)
}
