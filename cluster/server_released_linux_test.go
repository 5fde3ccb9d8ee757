package cluster

import (
	"net"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nodecluster/nodecluster/cluster/internal/bind"
	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// occupy takes a port of 127.0.0.1.
func occupy(t *testing.T) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

// askForReleased closes the port of another address and then asks for the occupied one, so many times, in one call of the loop. It
// returns how many questions wait after that.
func (w *fakeWorker) askForReleased(t *testing.T, port, times int) (waiting int) {
	t.Helper()
	w.primary.loop.Call(func() {
		other, err := bind.Stream(bind.Request{FD: -1, Address: "127.0.0.2", Port: port})
		if err != nil {
			t.Error(err)
			return
		}
		other.Close()
		for range times {
			w.act(&wire.FromWorker{Act: wire.ActQueryServer, Seq: []byte("1"), Server: wire.Server{
				Address: []byte(`"127.0.0.1"`), Port: []byte(strconv.Itoa(port)), AddressType: []byte("4"), Index: []byte("0"),
			}})
		}
		waiting = w.onLoop.retries
	})
	return waiting
}

// answers reads so many answers.
func (w *fakeWorker) answers(t *testing.T, n int) (answers string) {
	t.Helper()
	buf := make([]byte, 4096)
	for strings.Count(answers, "\n") < n {
		got, err := unix.Read(w.end, buf)
		if err != nil || got == 0 {
			t.Fatalf("after %q: %v", answers, err)
		}
		answers += string(buf[:got])
	}
	return answers
}

// A worker that asks for a port that was closed a moment ago, and is in use, waits for its answer alone: the loop goes on.
func TestReleasedPortHoldsUpNobody(t *testing.T) {
	nodetest.NoLeaks(t)
	p := newTestPrimary(t, SchedRR)
	asking, other := newFakeWorker(t, p), newFakeWorker(t, p)
	defer asking.finish()
	defer other.finish()
	port := occupy(t)
	// On a machine that stands still for long enough the port is no more one that was closed just now.
	for asking.askForReleased(t, port, 1) == 0 {
		if answer := asking.answers(t, 1); !strings.Contains(answer, `"errno":-98`) {
			t.Fatalf("the answer is %s", answer)
		}
	}
	other.ask(t, "1", nil)
	if answer := other.answers(t, 1); !strings.Contains(answer, `"errno":null`) {
		t.Errorf("another worker's answer is %s", answer)
	}
	if answer := asking.answers(t, 1); !strings.Contains(answer, `"errno":-98`) {
		t.Errorf("the answer is %s", answer)
	}
	if waiting := asking.askForReleased(t, port, 10*maxRetries); waiting > maxRetries {
		t.Errorf("%d questions wait, want %d at most", waiting, maxRetries)
	}
	if got := strings.Count(asking.answers(t, 10*maxRetries), `"errno":-98`); got != 10*maxRetries {
		t.Errorf("%d answers with EADDRINUSE, want %d", got, 10*maxRetries)
	}
}

// A question that waits is answered with the port once that is free.
func TestReleasedPortIsFreeInAMoment(t *testing.T) {
	nodetest.NoLeaks(t)
	w := newFakeWorker(t, newTestPrimary(t, SchedRR))
	defer w.finish()
	var answer string
	for !strings.Contains(answer, `"errno":null`) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		w.askForReleased(t, l.Addr().(*net.TCPAddr).Port, 1)
		l.Close()
		answer = w.answers(t, 1)
	}
}
