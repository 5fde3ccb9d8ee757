//go:build unix

package nodeipc_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

const (
	keptBytes = 64 << 10
	minKept   = keptBytes / (1<<10 + 256)
	flooding  = 3000
)

// keeping is a channel whose handler keeps users' messages, up to keptBytes of them.
type keeping struct {
	*nodeipc.Channel
	handler *keeper
	peer    *rawPeer
	mu      sync.Mutex
	warned  []error
}

func newKeeping(t *testing.T) *keeping {
	k := &keeping{handler: &keeper{recorder: newRecorder()}}
	k.Channel, k.peer = newRawPeer(t, nodeipc.Options{Handler: k.handler, ReceiveBuffer: keptBytes, Warn: k.warn})
	return k
}

func (k *keeping) warn(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.warned = append(k.warned, err)
}

func (k *keeping) warnings() []error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.warned
}

// flood sends so many messages of a kilobyte, more than fit into the socket, and then an internal one.
func (k *keeping) flood() {
	for i := range flooding {
		k.peer.write(fmt.Sprintf("%s\n", kilobyteNumber(i)))
	}
	k.peer.write(`{"cmd":"NODE_X"}` + "\n")
}

func kilobyteNumber(i int) string { return fmt.Sprintf(`"%d %s"`, i, kilobyte) }

// expectDropped checks that no more was kept than may be, which is what came first, and that of the rest was told once.
func (k *keeping) expectDropped(t *testing.T, maxKept int) {
	t.Helper()
	if w := k.warnings(); len(w) != 1 || !errors.Is(w[0], nodeipc.ErrNotReceived) || !strings.Contains(w[0].Error(), fmt.Sprint(keptBytes)) {
		t.Errorf("warnings: %v, want one of %d bytes", w, keptBytes)
	}
	over, cancel := context.WithCancel(context.Background())
	cancel()
	kept := 0
	for {
		m, err := k.Receive(over)
		if errors.Is(err, context.Canceled) {
			break
		}
		if err != nil || text(m) != kilobyteNumber(kept) {
			t.Fatalf("message %.20s, %v in the place of %d", text(m), err, kept)
		}
		kept++
	}
	if kept < minKept || kept > maxKept {
		t.Errorf("%d messages were kept, want %d to %d", kept, minKept, maxKept)
	}
}

func TestKeepForNobody(t *testing.T) {
	nodetest.NoLeaks(t)
	k := newKeeping(t)
	k.flood()
	from(t, k.handler.internal)
	fd, closed := tracer(t)
	k.peer.write(nativeMessage+"\n", fd)
	k.peer.expect(ack)
	closed()
	k.expectDropped(t, minKept+1)
	k.peer.write("\"heard\"\n")
	expectJSON(t, k.Channel, `"heard"`)
}

func TestKeepForOneWhoListensLosesNothing(t *testing.T) {
	nodetest.NoLeaks(t)
	k := newKeeping(t)
	k.peer.write("\"first\"\n")
	expectJSON(t, k.Channel, `"first"`)
	var flooded sync.WaitGroup
	flooded.Go(k.flood)
	for i := range flooding {
		expectJSON(t, k.Channel, kilobyteNumber(i))
	}
	flooded.Wait()
	from(t, k.handler.internal)
	if w := k.warnings(); len(w) > 0 {
		t.Errorf("warnings: %v", w)
	}
}

func TestKeepForOneWhoNoLongerListens(t *testing.T) {
	nodetest.NoLeaks(t)
	k := newKeeping(t)
	k.peer.write("\"first\"\n")
	expectJSON(t, k.Channel, `"first"`)
	k.flood() // which takes until the channel is read again
	from(t, k.handler.internal)
	k.expectDropped(t, minKept+maxInSockets>>10)
}
