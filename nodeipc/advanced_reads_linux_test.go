package nodeipc_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// TestReadsOfAdvancedMessages: a Node before version 20 stops where one of its reads ends within the length of a message. The messages are as
// long as it takes for the first 64 KiB to end there, and all of them wait before the child reads.
func TestReadsOfAdvancedMessages(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		const messages, size = 4000, 51 // 64 KiB have one byte more than so many of these
		sent := filepath.Join(t.TempDir(), "sent")
		child := start(t, command(t, node, fmt.Sprintf(`
			let heard = 0;
			process.on('message', () => ++heard === %d && process.disconnect());
			while (!require('fs').existsSync(%q));`, messages, sent)), nodeipc.Options{Serialization: nodeipc.Advanced})
		text := strings.Repeat("x", size-len("\x00\x00\x00\x00\xff\x0f\"\x00"))
		for range messages {
			if err := child.Send(patient(t), text); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(sent, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		nodetest.Receive(t, child.Done(), "the child's having heard all")
	})
}
