//go:build unix

package structuredclone_test

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"

	sc "github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// peer is a Node process, mostly one that runs testdata/peer.cjs, and the other end of its channel.
type peer struct {
	tb      testing.TB
	channel net.Conn
	in      *bufio.Reader
	options sc.Options
}

func newPeer(tb testing.TB, node nodetest.Runtime) *peer {
	tb.Helper()
	return newPeerOf(tb, node, filepath.Join("testdata", "peer.cjs"))
}

// newPeerOf is newPeer for another program than testdata/peer.cjs.
func newPeerOf(tb testing.TB, node nodetest.Runtime, arguments ...string) *peer {
	tb.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		tb.Fatal(err)
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "channel"), os.NewFile(uintptr(fds[1]), "channel")
	channel, err := net.FileConn(ours)
	if err != nil {
		tb.Fatal(err)
	}
	ours.Close()
	cmd := exec.Command(node.Path, arguments...)
	cmd.Env = append(os.Environ(), "NODE_CHANNEL_FD=3", "NODE_CHANNEL_SERIALIZATION_MODE=advanced")
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	theirs.Close()
	tb.Cleanup(func() {
		channel.Close()
		if tb.Failed() {
			cmd.Process.Kill()
		}
		defer time.AfterFunc(nodetest.Patience, func() { cmd.Process.Kill() }).Stop()
		// Without its channel Node has nothing to wait for.
		if err := cmd.Wait(); err != nil && !tb.Failed() {
			tb.Errorf("%s: %v", node.Name, err)
		}
	})
	p := &peer{tb: tb, channel: channel, in: bufio.NewReader(channel)}
	if node.Major < 18 {
		p.options.Version = 13
	}
	return p
}

// ask sends a message, and gives the answer to it.
func (p *peer) ask(message []byte) []byte {
	p.tb.Helper()
	if err := p.channel.SetDeadline(time.Now().Add(nodetest.Patience)); err != nil {
		p.tb.Fatal(err)
	}
	frame := append(binary.BigEndian.AppendUint32(nil, uint32(len(message))), message...)
	if _, err := p.channel.Write(frame); err != nil {
		p.tb.Fatalf("send to Node: %v", err)
	}
	var size [4]byte
	if _, err := io.ReadFull(p.in, size[:]); err != nil {
		p.tb.Fatalf("no answer from Node to %.200x: %v", message, err)
	}
	answer := make([]byte, binary.BigEndian.Uint32(size[:]))
	if _, err := io.ReadFull(p.in, answer); err != nil {
		p.tb.Fatal(err)
	}
	return answer
}

func (p *peer) marshal(v any) []byte {
	p.tb.Helper()
	message, err := p.options.Marshal(v)
	if err != nil {
		p.tb.Fatal(err)
	}
	return message
}

// expect fails the test unless Node reads message, a request to compare things, and finds them the same.
func (p *peer) expect(message []byte) bool {
	p.tb.Helper()
	var answer string
	if err := sc.Unmarshal(p.ask(message), &answer); err != nil {
		p.tb.Fatal(err)
	}
	if answer != "same" {
		p.tb.Errorf("Node says: %s", answer)
		return false
	}
	return true
}
