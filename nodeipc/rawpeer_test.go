//go:build unix

package nodeipc_test

import (
	"encoding/json"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/internal/codec"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"golang.org/x/sys/unix"
)

// rawPeer is the other end of a channel, written and read by hand: it sends what no Node would. Messages are lines of
// JSON to a test, and on the channel whatever its serialization makes of them.
type rawPeer struct {
	t     testing.TB
	codec codec.Codec
	conn  *net.UnixConn
	read  []byte
	fds   []int
}

const (
	ack  = `{"cmd":"NODE_HANDLE_ACK"}`
	nack = `{"cmd":"NODE_HANDLE_NACK"}`
)

// newRawPeer gives a channel whose other end is a rawPeer.
func newRawPeer(t testing.TB, o nodeipc.Options) (*nodeipc.Channel, *rawPeer) {
	t.Helper()
	fd, p := rawPair(t)
	o.Serialization = serialization(o.Serialization)
	if o.Serialization == nodeipc.Advanced {
		p.codec = codec.Advanced
	}
	if o.Warn == nil {
		o.Warn = func(err error) { t.Errorf("warning: %v", err) }
	}
	c, err := nodeipc.NewChannel(fd, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, p
}

// rawParent starts a runtime's script as the child of a rawPeer.
func rawParent(t testing.TB, r nodetest.Runtime, script string) *rawPeer {
	t.Helper()
	fd, p := rawPair(t)
	file := os.NewFile(uintptr(fd), "")
	defer file.Close()
	cmd := command(t, r, script)
	cmd.ExtraFiles = []*os.File{file}
	cmd.Env = append(os.Environ(), "NODE_CHANNEL_FD=3", "NODE_CHANNEL_SERIALIZATION_MODE=json")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return p
}

func rawPair(t testing.TB) (fd int, p *rawPeer) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	unix.CloseOnExec(fds[0])
	unix.CloseOnExec(fds[1])
	file := os.NewFile(uintptr(fds[1]), "")
	conn, err := net.FileConn(file)
	file.Close()
	if err != nil {
		t.Fatal(err)
	}
	p = &rawPeer{t: t, codec: codec.JSON, conn: conn.(*net.UnixConn)}
	t.Cleanup(p.close)
	return fds[0], p
}

// traced gives a raw handle on a copy of a tracer's descriptor.
func traced(t testing.TB, fd int) *handlewrap.Handle {
	t.Helper()
	fd, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	h := handlewrap.New(handlewrap.NetNative, fd)
	t.Cleanup(func() { h.Close() })
	return h
}

func (p *rawPeer) close() {
	p.conn.Close()
	for _, fd := range p.fds {
		unix.Close(fd)
	}
	p.fds = nil
}

// write sends lines of JSON and, beside its first byte, copies of descriptors.
func (p *rawPeer) write(lines string, fds ...int) {
	p.t.Helper()
	p.writeRaw(string(p.frames(lines)), fds...)
}

// frames are lines of JSON as they are on the channel.
func (p *rawPeer) frames(lines string) (frames []byte) {
	p.t.Helper()
	if p.codec == codec.JSON {
		return []byte(lines)
	}
	for line := range strings.Lines(lines) {
		var err error
		if frames, err = p.codec.AppendFrame(frames, 2, json.RawMessage(line)); err != nil {
			p.t.Fatal(err)
		}
	}
	return frames
}

// writeRaw sends bytes as they are.
func (p *rawPeer) writeRaw(text string, fds ...int) {
	p.t.Helper()
	var control []byte
	if len(fds) > 0 {
		control = unix.UnixRights(fds...)
	}
	p.conn.SetWriteDeadline(time.Now().Add(patience))
	n, _, err := p.conn.WriteMsgUnix([]byte(text), control, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	if n == len(text) {
		return
	}
	if err := p.send([]byte(text[n:])); err != nil {
		p.t.Fatal(err)
	}
}

// send writes bytes as they are, and says why it cannot.
func (p *rawPeer) send(b []byte) error {
	p.conn.SetWriteDeadline(time.Now().Add(patience))
	_, err := p.conn.Write(b)
	return err
}

// line reads a message, and keeps the descriptors that came.
func (p *rawPeer) line() string {
	p.t.Helper()
	for {
		if payload, size, _ := p.codec.Cut(p.read, 0); size > 0 {
			p.read = p.read[size:]
			return p.text(payload)
		}
		if err := p.receive(); err != nil {
			p.t.Fatal(err)
		}
	}
}

// text is a payload as JSON, with Bun's mark if it has one.
func (p *rawPeer) text(payload []byte) string {
	p.t.Helper()
	if p.codec == codec.JSON {
		return string(payload)
	}
	var text json.RawMessage
	if err := p.codec.Decode(payload, &text, codec.Known{}); err != nil {
		p.t.Fatal(err)
	}
	return string(text)
}

func (p *rawPeer) receive() error {
	buf, control := make([]byte, 64<<10), make([]byte, 1024)
	p.conn.SetReadDeadline(time.Now().Add(patience))
	n, nControl, _, _, err := p.conn.ReadMsgUnix(buf, control)
	if err != nil {
		return err
	}
	if n == 0 {
		return io.EOF
	}
	p.read = append(p.read, buf[:n]...)
	messages, err := unix.ParseSocketControlMessage(control[:nControl])
	if err != nil {
		return err
	}
	for _, m := range messages {
		fds, err := unix.ParseUnixRights(&m)
		if err != nil {
			return err
		}
		p.fds = append(p.fds, fds...)
	}
	return nil
}

func (p *rawPeer) expect(lines ...string) {
	p.t.Helper()
	for _, want := range lines {
		if got := p.line(); got != want {
			p.t.Fatalf("the channel wrote %s, want %s", got, want)
		}
	}
}

// expectNothing checks that all that was written has been read.
func (p *rawPeer) expectNothing() {
	p.t.Helper()
	raw, err := p.conn.SyscallConn()
	if err != nil {
		p.t.Fatal(err)
	}
	var n int
	raw.Control(func(fd uintptr) {
		n, _, err = unix.Recvfrom(int(fd), make([]byte, 1), unix.MSG_PEEK|unix.MSG_DONTWAIT)
	})
	if err != unix.EAGAIN || len(p.read) > 0 {
		p.t.Errorf("there is more: %q, and %d bytes, %v", p.read, n, err)
	}
}

// expectHandles checks how many descriptors have come since the last call.
func (p *rawPeer) expectHandles(n int) {
	p.t.Helper()
	if len(p.fds) != n {
		p.t.Errorf("%d descriptors came, want %d", len(p.fds), n)
	}
	for _, fd := range p.fds {
		unix.Close(fd)
	}
	p.fds = nil
}

// tracer gives a descriptor to send, and a function that waits until every copy of it is closed.
func tracer(t testing.TB) (fd int, closed func()) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return int(w.Fd()), func() {
		t.Helper()
		w.Close()
		r.SetReadDeadline(time.Now().Add(patience))
		if _, err := r.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("a copy of the descriptor is still open: %v", err)
		}
	}
}
