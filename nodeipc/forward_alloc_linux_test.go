//go:build !portable

package nodeipc

import (
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"golang.org/x/sys/unix"
)

// TestForwardRunAllocatesNothing has a relay cut frames and write them again and again.
func TestForwardRunAllocatesNothing(t *testing.T) {
	for _, s := range []Serialization{JSON, Advanced} {
		t.Run(string(s), func(t *testing.T) {
			nodetest.NoLeaks(t)
			r := newRelay(t, Options{Serialization: s, Paused: true})
			frames := someMessages(t, r.from, 5*maxBatched)
			room := make([]byte, len(frames))
			r.loop.Call(func() {
				n := testing.AllocsPerRun(100, func() {
					if err := r.from.cutChunk(frames); err != nil {
						t.Error(err)
					}
					r.to.flush()
					if n, err := unix.Read(r.recipient, room); n != len(frames) {
						t.Errorf("%d bytes of %d were passed on: %v", n, len(frames), err)
					}
				})
				if n != 0 {
					t.Errorf("%v allocations", n)
				}
			})
		})
	}
}
