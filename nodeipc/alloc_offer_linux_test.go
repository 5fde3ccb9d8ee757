//go:build !portable

package nodeipc

import (
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func TestOfferAllocatesNothing(t *testing.T) {
	nodetest.NoLeaks(t)
	o := newOffering(t)
	var number uint32
	o.channel.loop.Call(func() {
		n := testing.AllocsPerRun(1000, func() {
			number++
			if err := o.offer(number); err != nil {
				t.Error(err)
			}
		})
		if n != 0 {
			t.Errorf("%v allocations an offer and its ACK", n)
		}
	})
}
