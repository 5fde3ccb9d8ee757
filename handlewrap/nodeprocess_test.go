//go:build unix

package handlewrap_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nodecluster/nodecluster/handlewrap"
)

// node is a Node process at the other end of an IPC channel, with as much of the protocol as these tests use.
type node struct {
	t       *testing.T
	channel int
	command *exec.Cmd
	stderr  bytes.Buffer
}

type message struct {
	Cmd       string          `json:"cmd,omitempty"`
	Type      handlewrap.Type `json:"type,omitempty"`
	Key       string          `json:"key,omitempty"`
	DgramType string          `json:"dgramType,omitempty"`
	Msg       string          `json:"msg,omitempty"`
}

func startNode(t *testing.T, script string) *node {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	check(t, err)
	unix.CloseOnExec(pair[0])
	unix.CloseOnExec(pair[1])
	timeout := unix.NsecToTimeval(deadline.Nanoseconds())
	check(t, unix.SetsockoptTimeval(pair[0], unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout))
	theirs := os.NewFile(uintptr(pair[1]), "channel")
	defer theirs.Close()
	n := &node{t: t, channel: pair[0], command: exec.Command("node", "-e", script+"\nprocess.on('disconnect', () => process.exit())")}
	n.command.Env = append(os.Environ(), "NODE_CHANNEL_FD=3", "NODE_CHANNEL_SERIALIZATION_MODE=json")
	n.command.ExtraFiles = []*os.File{theirs}
	n.command.Stderr = &n.stderr
	check(t, n.command.Start())
	t.Cleanup(n.stop)
	return n
}

// stop ends the channel, and with it the process.
func (n *node) stop() {
	unix.Close(n.channel)
	kill := time.AfterFunc(deadline, func() { n.command.Process.Kill() })
	defer kill.Stop()
	if err := n.command.Wait(); err != nil {
		n.t.Errorf("node: %v\n%s", err, n.stderr.Bytes())
	}
}

// receive returns the next message and the fd beside it, or -1.
func (n *node) receive() (message, int) {
	n.t.Helper()
	var line []byte
	fd := -1
	for !bytes.HasSuffix(line, []byte("\n")) {
		b, oob := make([]byte, 1), make([]byte, unix.CmsgSpace(4))
		size, oobSize, _, _, err := unix.Recvmsg(n.channel, b, oob, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil || size == 0 {
			n.t.Fatalf("channel: %v\n%s", err, n.stderr.Bytes())
		}
		line = append(line, b[:size]...)
		if oobSize > 0 {
			fd = receivedFD(n.t, oob[:oobSize])
		}
	}
	var m message
	if err := json.Unmarshal(line, &m); err != nil {
		n.t.Fatalf("%s: %v", line, err)
	}
	return m, fd
}

// receiveHandle returns the next message's handle and acknowledges it, which makes Node close its own copy.
func (n *node) receiveHandle() (message, *handlewrap.Handle) {
	n.t.Helper()
	m, fd := n.receive()
	if m.Cmd != "NODE_HANDLE" || fd < 0 || !m.Type.Valid() {
		n.t.Fatalf("%+v with fd %d is no handle", m, fd)
	}
	n.send(message{Cmd: "NODE_HANDLE_ACK"}, nil)
	h := handlewrap.New(m.Type, fd)
	n.t.Cleanup(func() { h.Close() })
	if h.DgramType() != m.DgramType && m.Type == handlewrap.DgramSocket {
		n.t.Fatalf("dgram type %q, Node says %q", h.DgramType(), m.DgramType)
	}
	return m, h
}

func (n *node) send(m message, h *handlewrap.Handle) {
	n.t.Helper()
	line := must[[]byte](n.t)(json.Marshal(m))
	var rights []byte
	if h != nil {
		rights = unix.UnixRights(h.FD())
	}
	check(n.t, unix.Sendmsg(n.channel, append(line, '\n'), rights, nil, 0))
}

// sendHandle gives Node a copy of h, and waits until it has it.
func (n *node) sendHandle(h *handlewrap.Handle) {
	n.t.Helper()
	n.send(message{Cmd: "NODE_HANDLE", Type: h.Type(), DgramType: h.DgramType(), Msg: "take"}, h)
	if m, _ := n.receive(); m.Cmd != "NODE_HANDLE_ACK" {
		n.t.Fatalf("%+v instead of an ACK", m)
	}
}
