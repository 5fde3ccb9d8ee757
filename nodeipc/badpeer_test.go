//go:build unix

package nodeipc_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/eventloop"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// badPeer is a way in which a peer may misbehave, of which badpeer_table_test.go has a list. Further ones have files of
// their own: badpeer_types_test.go, badpeer_silent_test.go and badpeer_descriptors_linux_test.go.
type badPeer struct {
	name string
	does func(c *nodeipc.Channel, p *rawPeer)
	want error  // that ends the channel, or nil where it goes on
	says string // what stands in the error
}

const (
	badPeerLimit = 8 << 20
	veryDeep     = 1_000_000
)

// Whatever a peer does, its channel goes on, or ends in one line that says why, and others on the same loop go on.
func TestBadPeers(t *testing.T) {
	for serialization, peers := range map[nodeipc.Serialization][]badPeer{
		nodeipc.JSON: slices.Concat(badPeers, badPeersInJSON()), nodeipc.Advanced: slices.Concat(badPeers, badPeersInAdvanced()),
	} {
		for _, bad := range peers {
			t.Run(string(serialization)+"/"+bad.name, func(t *testing.T) {
				nodetest.NoLeaks(t)
				before := nodetest.Heap()
				loop := newLoop(t)
				expectGood := besides(t, loop)
				c, p := newRawPeer(t, nodeipc.Options{Serialization: serialization, Loop: loop, MaxMessageSize: badPeerLimit})
				bad.does(c, p)
				if bad.want == nil {
					expectStillThere(t, c, p)
				} else {
					expectEnd(t, c, bad.want)
					expectOneLine(t, c.Err(), bad.says)
					expectEndedForAll(t, c)
				}
				expectGood()
				if now := nodetest.Heap(); now > before+badPeerLimit/2 {
					t.Errorf("%d MiB are in use after it, %d before", now>>20, before>>20)
				}
			})
		}
	}
}

// besides makes a channel with a good peer on a loop, and gives a function that has them exchange a message and a handle.
func besides(t *testing.T, loop *eventloop.Loop) (expectGood func()) {
	t.Helper()
	c, p := newRawPeer(t, nodeipc.Options{Loop: loop})
	return func() {
		t.Helper()
		send(t, c, "good")
		p.expect(`"good"`)
		p.writeCopies(nativeMessage+"\n", 1)
		receiveHandle(t, c, handlewrap.NetNative).Close()
		p.expect(ack)
	}
}

// expectStillThere receives until what the peer says last.
func expectStillThere(t *testing.T, c *nodeipc.Channel, p *rawPeer) {
	t.Helper()
	const last = `"still there"`
	p.write(last + "\n")
	for {
		m := receive(t, c)
		if m.Handle != nil {
			m.Handle.Close()
		}
		if text(m) == last {
			break
		}
	}
	if !c.Connected() {
		t.Error("the channel has ended")
	}
}

func expectOneLine(t *testing.T, err error, says string) {
	t.Helper()
	if text := err.Error(); strings.ContainsAny(text, "\r\n") || len(text) > 300 || !strings.Contains(text, says) {
		t.Errorf("the error is not one line that says %q: %q", says, text)
	}
}

// expectEndedForAll checks what is said to those who go on using a channel that has ended in an error.
func expectEndedForAll(t *testing.T, c *nodeipc.Channel) {
	t.Helper()
	m, err := c.Receive(patient(t))
	for ; err == nil; m, err = c.Receive(patient(t)) {
		if m.Handle != nil {
			m.Handle.Close()
		}
	}
	if !errors.Is(err, nodeipc.ErrDisconnected) || !errors.Is(err, c.Err()) {
		t.Errorf("receive: %v", err)
	}
	if err := c.Send(patient(t), 1); !errors.Is(err, nodeipc.ErrDisconnected) {
		t.Errorf("send: %v", err)
	}
}
