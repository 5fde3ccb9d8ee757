//go:build unix

package handlewrap_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nodecluster/nodecluster/handlewrap"
)

// udpListener calls itself a listener, and its socket is another's.
type udpListener struct {
	net.Listener
	syscall.Conn
}

func TestFromLeavesTheOriginalAlone(t *testing.T) {
	l := listener(t, "tcp", "127.0.0.1:0")
	h := must[*handlewrap.Handle](t)(handlewrap.FromListener(l))
	wantOwned(t, h)
	if descriptor, _, _ := flags(h.FD()); descriptor&unix.FD_CLOEXEC == 0 {
		t.Fatal("the duplicate is not close-on-exec")
	}
	check(t, h.Close())
	wantNetFlags(t, l)
	a, b := connPair(t, l)
	wantFlow(t, a, b)

	h = must[*handlewrap.Handle](t)(handlewrap.FromConn(a))
	check(t, h.Close())
	wantNetFlags(t, a)
	wantFlow(t, a, b)
}

// TestBlockingModeNeverChanges hands a listener to a child process as a file, which calls File.Fd.
func TestBlockingModeNeverChanges(t *testing.T) {
	l := listener(t, "tcp", "127.0.0.1:0")
	f := must[*os.File](t)(must[*handlewrap.Handle](t)(handlewrap.FromListener(l)).File())
	defer f.Close()
	wantNetFlags(t, f)
	child := exec.Command("true")
	child.ExtraFiles = []*os.File{f}
	check(t, child.Run())
	f.Fd()
	wantNetFlags(t, l)
	a, b := connPair(t, l)
	wantFlow(t, a, b)
}

func TestConversionMakesNonBlocking(t *testing.T) {
	h := handlewrap.New(handlewrap.NetNative, boundSocket(t))
	defer h.Close()
	descriptor, description, _ := flags(h.FD())
	if descriptor&unix.FD_CLOEXEC == 0 || description&unix.O_NONBLOCK != 0 {
		t.Fatalf("New left descriptor flags %#x, description flags %#x", descriptor, description)
	}
	again := must[*handlewrap.Handle](t)(h.Dup())
	defer again.Close()
	ln := must[net.Listener](t)(h.Listen(0))
	defer ln.Close()
	wantNetFlags(t, ln)
	if _, description, _ := flags(again.FD()); description&unix.O_NONBLOCK == 0 {
		t.Fatal("two duplicates differ in blocking mode")
	}
}

func TestFromRefuses(t *testing.T) {
	l := listener(t, "tcp", "127.0.0.1:0")
	accepted, _ := connPair(t, l)
	udp := must[*net.UDPConn](t)(net.ListenUDP("udp", nil))
	defer udp.Close()
	unixgram := must[net.PacketConn](t)(net.ListenPacket("unixgram", socketPath(t)))
	defer unixgram.Close()
	gone := listener(t, "tcp", "127.0.0.1:0")
	check(t, gone.Close())

	var wrong *handlewrap.KindError
	for _, test := range []struct {
		op   string
		from func() (*handlewrap.Handle, error)
		is   error
		as   any
	}{
		{"FromListener", func() (*handlewrap.Handle, error) { return handlewrap.FromListener(gone) }, net.ErrClosed, nil},
		{"FromListener", func() (*handlewrap.Handle, error) { return handlewrap.FromListener(nil) }, errors.ErrUnsupported, nil},
		{"FromListener", func() (*handlewrap.Handle, error) {
			return handlewrap.FromListener(tls.NewListener(l, &tls.Config{}))
		}, errors.ErrUnsupported, nil},
		{"FromListener", func() (*handlewrap.Handle, error) {
			return handlewrap.FromListener(udpListener{Listener: l, Conn: udp})
		}, nil, &wrong},
		{"FromConn", func() (*handlewrap.Handle, error) {
			return handlewrap.FromConn(tls.Client(accepted, &tls.Config{}))
		}, errors.ErrUnsupported, nil},
		{"FromConn", func() (*handlewrap.Handle, error) { return handlewrap.FromConn(udp) }, nil, &wrong},
		{"FromPacketConn", func() (*handlewrap.Handle, error) { return handlewrap.FromPacketConn(unixgram) }, errors.ErrUnsupported, nil},
		{"FromFile", func() (*handlewrap.Handle, error) { return handlewrap.FromFile("net.Nothing", os.Stderr) }, nil, nil},
		{"FromFile", func() (*handlewrap.Handle, error) { return handlewrap.FromFile(handlewrap.NetServer, nil) }, os.ErrInvalid, nil},
	} {
		h, err := test.from()
		wantOneLine(t, err, test.op)
		if h != nil || test.is != nil && !errors.Is(err, test.is) || test.as != nil && !errors.As(err, test.as) {
			t.Errorf("%s: %v, %v", test.op, h, err)
		}
	}
}

func TestFromFile(t *testing.T) {
	l := listener(t, "tcp", "127.0.0.1:0")
	f := must[*os.File](t)(l.(*net.TCPListener).File())
	defer f.Close()
	h := must[*handlewrap.Handle](t)(handlewrap.FromFile(handlewrap.NetNative, f))
	if h.Type() != handlewrap.NetNative || h.FD() == rawFD(t, f) {
		t.Fatalf("type %q, fd %d of %d", h.Type(), h.FD(), rawFD(t, f))
	}
	wantNetFlags(t, l)
	ln := must[net.Listener](t)(h.Listener())
	defer ln.Close()
	check(t, f.Close())
	check(t, l.Close())
	a, b := connPair(t, ln)
	wantFlow(t, a, b)

	regular := must[*os.File](t)(os.CreateTemp(t.TempDir(), ""))
	defer regular.Close()
	must[int](t)(regular.WriteString("text"))
	got := must[*os.File](t)(must[*handlewrap.Handle](t)(handlewrap.FromFile(handlewrap.NetNative, regular)).File())
	defer got.Close()
	read := make([]byte, 4)
	must[int](t)(got.ReadAt(read, 0))
	if !bytes.Equal(read, []byte("text")) {
		t.Fatalf("read %q", read)
	}
}
