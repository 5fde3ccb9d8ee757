//go:build !portable

package nodeipc

import (
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/eventloop"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"golang.org/x/sys/unix"
)

// What is told to one peer while its loop has events under way goes out in one write, in order, and up to 16 messages at once.
func TestToldInABatchIsWrittenTogether(t *testing.T) {
	nodetest.NoLeaks(t)
	loop, err := eventloop.New()
	if err != nil {
		t.Fatal(err)
	}
	defer loop.Close()
	c, peer := newPausedChannel(t, Options{Loop: loop, Handler: nobody{}})
	defer c.Close()
	room := make([]byte, 1<<10)
	for _, test := range []struct {
		messages, writes int
		want             string
	}{{1, 1, "0\n"}, {5, 1, "0\n1\n2\n3\n4\n"}, {maxBatched + 1, 2, "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n"}} {
		before := countedWrites(c)
		loop.Call(func() {
			for i := range test.messages {
				if err := c.Tell(i); err != nil {
					t.Error(err)
				}
			}
		})
		got := ""
		for len(got) < len(test.want) {
			n, err := unix.Read(peer, room)
			if err != nil {
				t.Fatal(err)
			}
			got += string(room[:n])
		}
		if n := countedWrites(c) - before; got != test.want || n != test.writes {
			t.Errorf("%d messages came as %q in %d writes, want %d", test.messages, got, n, test.writes)
		}
	}
	if err := c.Tell("alone"); err != nil {
		t.Fatal(err)
	}
	if n, err := unix.Read(peer, room); string(room[:n]) != "\"alone\"\n" {
		t.Errorf("outside a batch there came %q, %v", room[:n], err)
	}
}
