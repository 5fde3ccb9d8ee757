//go:build linux

package cluster

import (
	"encoding/binary"
	"encoding/json"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// modelPeer is the other end of a channel, which sends what it likes.
type modelPeer struct {
	fd            int
	serialization nodeipc.Serialization
	read          []byte
	fds           []int
}

func newModelPeer(tb testing.TB, s nodeipc.Serialization) (p *modelPeer, theirs int) {
	tb.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		tb.Fatal(err)
	}
	return &modelPeer{fd: pair[1], serialization: s}, pair[0]
}

// frame is a message as it is on the channel.
func (p *modelPeer) frame(v any) []byte {
	if m, ok := v.(message); ok {
		v = m.object()
	}
	payload, err := structuredclone.Marshal(v)
	if err != nil {
		return []byte("?")
	}
	if p.serialization == nodeipc.Advanced {
		return append(binary.BigEndian.AppendUint32(nil, uint32(len(payload))), payload...)
	}
	var text json.RawMessage
	if err := structuredclone.Unmarshal(payload, &text); err != nil {
		return []byte("?")
	}
	return append(text, '\n')
}

func (p *modelPeer) say(v any, fds ...int) { p.write(p.frame(v), fds...) }

// write sends bytes, and descriptors beside the first. The channel may be closed, or full.
func (p *modelPeer) write(b []byte, fds ...int) {
	var rights []byte
	if len(fds) > 0 {
		rights = unix.UnixRights(fds...)
	}
	for len(b) > 0 {
		n, err := unix.SendmsgN(p.fd, b, rights, nil, unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return
		}
		b, rights = b[n:], nil
	}
}

// heard reads what is there, and gives whole messages as JSON. Descriptors are in fds.
func (p *modelPeer) heard() (messages []json.RawMessage) {
	buffer, control := make([]byte, 64<<10), make([]byte, unix.CmsgSpace(4*253))
	for {
		n, nControl, _, _, err := unix.Recvmsg(p.fd, buffer, control, unix.MSG_DONTWAIT|unix.MSG_CMSG_CLOEXEC)
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
			p.fds = append(p.fds, fds...)
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

func (p *modelPeer) cut() (m json.RawMessage, ok bool) {
	if p.serialization == nodeipc.JSON {
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

// closeFDs closes the descriptors that have come.
func (p *modelPeer) closeFDs() {
	for _, fd := range p.fds {
		unix.Close(fd)
	}
	p.fds = nil
}

func (p *modelPeer) close() {
	p.closeFDs()
	unix.Close(p.fd)
}
