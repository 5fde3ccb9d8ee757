//go:build unix

package relay_test

import (
	"errors"
	"net"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/relay"
	"golang.org/x/sys/unix"
)

func closeBoth(t *testing.T, fds ...int) {
	t.Helper()
	for _, fd := range fds {
		if err := unix.Close(fd); err != nil {
			t.Error(err)
		}
	}
}

// TestEndAfterTheRest: what was sent before the end comes before the end, and half a message too.
func TestEndAfterTheRest(t *testing.T) {
	var w witness
	parent, child, r := between(t, relay.Options{Observer: &w})
	much := strings.Repeat(`"`+strings.Repeat("x", 1000)+`"`+"\n", 200)
	child.write(much[:100<<10])
	child.write(much[100<<10:])
	child.write(`"ha`)
	child.conn.Close()
	parent.expect(much + `"ha`)
	parent.expectEnd()
	await(t, r)
	if len(w.ends) != 2 {
		t.Fatalf("%d ends", len(w.ends))
	}
	for _, e := range w.ends {
		if e.Direction == relay.FromChild && (e.Partial != 3 || e.Err != nil) {
			t.Errorf("the end of what the child says is %+v", e)
		}
		if e.Direction == relay.ToChild && (e.Partial != 0 || !errors.Is(e.Err, nodeipc.ErrDisconnected) && e.Err != nil) {
			t.Errorf("the end of what the parent says is %+v", e)
		}
	}
}

// TestEndOfTheReceiver: who writes to a process that is gone is told, as without a relay.
func TestEndOfTheReceiver(t *testing.T) {
	parent, child, r := between(t, relay.Options{})
	child.conn.Close()
	parent.expectEnd()
	await(t, r)
	if _, err := parent.conn.Write([]byte("1\n")); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("writing to a child that is gone: %v", err)
	}
}

// TestLastWordsOfTheReceiver arrive although writing to it fails.
func TestLastWordsOfTheReceiver(t *testing.T) {
	parent, child, r := between(t, relay.Options{})
	child.write("\"last words\"\n")
	child.conn.Close()
	parent.conn.Write([]byte("1\n"))
	parent.expect("\"last words\"\n")
	await(t, r)
}

func TestHalfClosed(t *testing.T) {
	parent, child, r := between(t, relay.Options{})
	parent.write("1\n")
	if err := parent.conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	child.expect("1\n")
	child.expectEnd()
	child.write("2\n")
	parent.expect("2\n")
	child.conn.Close()
	parent.expectEnd()
	await(t, r)
}

func TestCloseEndsBoth(t *testing.T) {
	var w witness
	parent, child, r := between(t, relay.Options{Observer: &w})
	r.Close()
	r.Close()
	parent.expectEnd()
	child.expectEnd()
	for _, e := range w.ends {
		if !errors.Is(e.Err, nodeipc.ErrDisconnected) {
			t.Errorf("the end is %+v", e)
		}
	}
}

// TestCloseWhileAHandleWaits: the handle is closed and nothing hangs.
// TestEndOfBoth: what was sent before is told, and a copy of a socket does not keep the channel open.
func TestEndOfBoth(t *testing.T) {
	var w witness
	parent, child, r := between(t, relay.Options{Observer: &w})
	// More than the child's socket holds, so that the relay is at it still.
	const messages = 300
	parent.write(strings.Repeat(strings.Repeat("1", 999)+"\n", messages))
	child.write("3\n")
	r.End()
	await(t, r)
	r.End()
	if n := len(w.frames); runtime.GOOS == "linux" && n != messages+1 {
		t.Errorf("%d messages were told of, want %d", n, messages+1)
	}
}

func TestCloseWhileAHandleWaits(t *testing.T) {
	parent, _, r := between(t, relay.Options{})
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	parent.write("1\n")
	waitUntilRead(t, parent)
	parent.write(handle+"\n", write)
	write.Close()
	waitUntilRead(t, parent)
	r.Close()
	read.SetReadDeadline(time.Now().Add(patience))
	if _, err := read.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the handle is still open somewhere")
	}
}

// TestSlowReaderHoldsTheWriter: what waits in the relay is bounded, and nothing of it is lost.
func TestSlowReaderHoldsTheWriter(t *testing.T) {
	const most = 4 << 20
	parent, child, _ := between(t, relay.Options{})
	line := `"` + strings.Repeat("x", 4093) + `"` + "\n"
	written := 0
	for written < most {
		parent.conn.SetWriteDeadline(time.Now().Add(500 * time.Millisecond))
		n, err := parent.conn.Write([]byte(line[written%len(line):]))
		if written += n; err != nil {
			if !isTimeout(err) {
				t.Fatal(err)
			}
			break
		}
	}
	if written >= most {
		t.Fatalf("%d bytes were taken that nobody reads", written)
	}
	child.expect(strings.Repeat(line, written/len(line)+1)[:written])
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}
