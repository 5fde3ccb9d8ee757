//go:build unix

package nodeipc_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

var kilobyte = strings.Repeat("k", 1020)

// sendUntilFull sends until no more is taken for a while, and says how many messages were.
func sendUntilFull(c *nodeipc.Channel) (n int, err error) {
	for {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		err := c.Send(ctx, fmt.Sprintf("%d %s", n, kilobyte))
		cancel()
		if err != nil {
			return n, err
		}
		n++
	}
}

// maxInSockets is more than a Unix socket holds of messages, in both its ends.
const maxInSockets = 1 << 20

func expectBounded(t *testing.T, n, limit int) {
	t.Helper()
	if n*1024 > limit+maxInSockets {
		t.Errorf("%d KiB were taken for a peer that does not read, the limit is %d KiB", n, limit>>10)
	}
}

func TestSendToAStoppedChildIsBounded(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		const limit = 1 << 20
		child := startScript(t, node, echoScript)
		send(t, child, "up")
		expectJSON(t, child, `"up"`)
		if err := child.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		n, err := sendUntilFull(child.Channel)
		if !errors.Is(err, nodeipc.ErrNotReading) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("send: %v", err)
		}
		expectBounded(t, n, limit)
		if err := child.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		send(t, child, "last")
		for i := range n {
			expectJSON(t, child, fmt.Sprintf(`"%d %s"`, i, kilobyte))
		}
		expectJSON(t, child, `"last"`)
	})
}

func TestSendToAChildThatNeverReads(t *testing.T) {
	nodetest.NoLeaks(t)
	child := start(t, shell("exec sleep 1000"), nodeipc.Options{Serialization: nodeipc.JSON, SendBuffer: 10 << 10})
	n, err := sendUntilFull(child.Channel)
	if !errors.Is(err, nodeipc.ErrNotReading) {
		t.Errorf("send: %v", err)
	}
	expectBounded(t, n, 10<<10)
	ctx, cancel := context.WithCancelCause(context.Background())
	reason := errors.New("changed my mind")
	cancel(reason)
	if err := child.Send(ctx, 1); !errors.Is(err, reason) {
		t.Errorf("send: %v", err)
	}
	child.Disconnect() // which nobody can wait for
	child.Close()
	expectEnd(t, child.Channel, nil)
}

// A child that is a Go program, and knows when it is held back.
func init() {
	childPrograms["flood"] = func() error {
		c, err := nodeipc.Parent(nodeipc.Options{SendBuffer: 1024})
		if err != nil {
			return err
		}
		defer c.Close()
		n, err := sendUntilFull(c)
		if !errors.Is(err, nodeipc.ErrNotReading) {
			return err
		}
		fmt.Println(n)
		if err := c.Send(context.Background(), "last"); err != nil {
			return err
		}
		_, err = c.Receive(context.Background())
		return err
	}
}

// self is this test program as a child of the given name.
func self(t testing.TB, program string) *exec.Cmd {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path)
	cmd.Env = append(os.Environ(), childVariable+"="+program, "GORACE=atexit_sleep_ms=0")
	return cmd
}

func TestParentThatDoesNotReceiveHoldsTheChildBack(t *testing.T) {
	nodetest.NoLeaks(t)
	const limit = 64 << 10
	cmd := self(t, "flood")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	child := start(t, cmd, nodeipc.Options{ReceiveBuffer: limit})
	var n int
	if _, err := fmt.Fscan(out, &n); err != nil {
		t.Fatal(err)
	}
	expectBounded(t, n, limit)
	for i := range n {
		expectJSON(t, child, fmt.Sprintf(`"%d %s"`, i, kilobyte))
	}
	expectJSON(t, child, `"last"`)
	send(t, child, "go")
	expectExitZero(t, child)
}

// Node's send says false when its parent does not read, and keeps the rest itself.
func TestNodeIsHeldBack(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		cmd := command(t, node, `
			const text = 'x'.repeat(1000);
			for (let i = 0; i < 5000; i++) process.send(i + text);
			console.log(process.send('last'));`)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		child := start(t, cmd, nodeipc.Options{ReceiveBuffer: 100 << 10})
		var more bool
		if _, err := fmt.Fscan(out, &more); err != nil || more {
			t.Errorf("send gave %v, %v", more, err)
		}
		for i := range 5000 {
			if got := receiveJSON(t, child); got != fmt.Sprintf(`"%d%s"`, i, strings.Repeat("x", 1000)) {
				t.Fatalf("message %d is %.20s", i, got)
			}
		}
		expectJSON(t, child, `"last"`)
	})
}

// Pause and Resume are the owner's, whatever a full inbox does.
func TestPause(t *testing.T) {
	nodetest.NoLeaks(t)
	c, p := newRawPeer(t, nodeipc.Options{Paused: true, ReceiveBuffer: 1000})
	p.write("1\n")
	expectPaused := func() {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer cancel()
		if m, err := c.Receive(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("received %s, %v", text(m), err)
		}
	}
	expectPaused()
	c.Resume()
	expectJSON(t, c, "1")

	big := `"` + strings.Repeat("x", 1000) + `"`
	p.write("1\n" + big + "\n")
	expectJSON(t, c, "1")
	c.Pause()
	expectJSON(t, c, big) // which empties a full inbox
	p.write("2\n")
	expectPaused()
	c.Resume()
	expectJSON(t, c, "2")
}

// What a peer asks for without reading the answers has an end.
func TestPeerThatAsksWithoutReading(t *testing.T) {
	for name, ask := range map[string]func(p *rawPeer) error{
		"sockets": func(p *rawPeer) error {
			return p.send(p.frames(strings.Repeat(`{"cmd":"NODE_SOCKET_GET_COUNT","key":"`+kilobyte+`"}`+"\n", 50)))
		},
		"notices": func(p *rawPeer) error {
			return p.send(p.frames(strings.Repeat(`{"cmd":"NODE_SOCKET_NOTIFY_CLOSE","key":"`+kilobyte+`"}`+"\n", 50)))
		},
		"NACKs": func(p *rawPeer) error {
			return p.send(p.frames(strings.Repeat(nativeMessage+"\n", 1000)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			nodetest.NoLeaks(t)
			c, p := newRawPeer(t, nodeipc.Options{SendBuffer: 4096})
			for ask(p) == nil {
			}
			expectEnd(t, c, nodeipc.ErrNotReading)
		})
	}
}
