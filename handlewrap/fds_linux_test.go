package handlewrap_test

import (
	"errors"
	"net"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nodecluster/nodecluster/handlewrap"
)

func TestAbstractSocket(t *testing.T) {
	l := listener(t, "unix", "@"+t.Name()+socketPath(t))
	got := must[net.Listener](t)(must[*handlewrap.Handle](t)(handlewrap.FromListener(l)).Listener())
	defer got.Close()
	check(t, l.Close())
	if got.Addr().String() != l.Addr().String() {
		t.Fatalf("address %v, was %v", got.Addr(), l.Addr())
	}
	accepted, dialed := connPair(t, got)
	c := must[net.Conn](t)(must[*handlewrap.Handle](t)(handlewrap.FromConn(accepted)).Conn())
	defer c.Close()
	wantFlow(t, c, dialed)
}

func openFDs(t *testing.T) int {
	t.Helper()
	return len(must[[]os.DirEntry](t)(os.ReadDir("/proc/self/fd")))
}

func TestNoFDIsLost(t *testing.T) {
	l := listener(t, "tcp", "127.0.0.1:0")
	accepted, _ := connPair(t, l)
	p := must[net.PacketConn](t)(net.ListenPacket("udp", "127.0.0.1:0"))
	defer p.Close()
	before := openFDs(t)
	for range 20 {
		lost := func(h *handlewrap.Handle, err error) {
			t.Helper()
			check(t, err)
			check(t, must[*handlewrap.Handle](t)(h.Dup()).Close())
			for _, op := range []string{"Listener", "Listen", "Conn", "PacketConn"} {
				d := must[*handlewrap.Handle](t)(h.Dup())
				if c, err := convert(d, op); err == nil {
					check(t, c.Close())
				}
				check(t, d.Close())
			}
			check(t, must[*os.File](t)(h.WithType(handlewrap.NetNative).File()).Close())
			check(t, h.Close())
		}
		lost(handlewrap.FromListener(l))
		lost(handlewrap.FromConn(accepted))
		lost(handlewrap.FromPacketConn(p))
		lost(handlewrap.New(handlewrap.NetBoundSocket, boundSocket(t)), nil)
		if _, err := handlewrap.FromConn(p.(*net.UDPConn)); err == nil {
			t.Fatal("FromConn took a UDP socket")
		}
	}
	if after := openFDs(t); after != before {
		t.Fatalf("%d fds open, %d before", after, before)
	}
}

// TestFailureWithoutAFreeFD has the conversion fail at each of the two fds that it needs.
func TestFailureWithoutAFreeFD(t *testing.T) {
	h := must[*handlewrap.Handle](t)(handlewrap.FromListener(listener(t, "tcp", "127.0.0.1:0")))
	defer h.Close()
	before := openFDs(t)
	for free := range 2 {
		restore := leaveFDs(t, free)
		_, err := h.Listener()
		restore()
		wantOneLine(t, err, "Listener")
		if !errors.Is(err, syscall.EMFILE) {
			t.Fatal(err)
		}
		wantOwned(t, h)
		if after := openFDs(t); after != before {
			t.Fatalf("%d fds open, %d before", after, before)
		}
	}
	check(t, must[net.Listener](t)(h.Listener()).Close())
}

// leaveFDs lets the process open so many more fds, until restore is called.
func leaveFDs(t *testing.T, free int) (restore func()) {
	t.Helper()
	lowest := must[int](t)(unix.Dup(0))
	check(t, unix.Close(lowest))
	var limit unix.Rlimit
	check(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	check(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(lowest + free), Max: limit.Max}))
	return func() { check(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)) }
}
