//go:build unix

package nodeipc_test

import (
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// A peer is not taken for one that does not read because a large message is on its way to it.
func TestAnswersBehindALargeMessage(t *testing.T) {
	nodetest.NoLeaks(t)
	c, p := newRawPeer(t, nodeipc.Options{SendBuffer: 4096})
	large := strings.Repeat("x", 4<<20)
	send(t, c, large)
	p.write(`{"cmd":"NODE_SOCKET_GET_COUNT","key":"none"}` + "\n")
	p.writeCopies(nativeMessage+"\n", 1)
	receiveHandle(t, c, handlewrap.NetNative).Close()
	if err := c.Tell("told"); err != nil {
		t.Error(err)
	}
	p.expect(`"`+large+`"`, `{"cmd":"NODE_SOCKET_COUNT","key":"none","count":0}`, ack, `"told"`)
}
