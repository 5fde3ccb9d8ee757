//go:build unix

package nodeipc_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func BenchmarkRoundTrip(b *testing.B) {
	for _, inFlight := range []int{1, 64} {
		b.Run(fmt.Sprint(inFlight, " in flight"), func(b *testing.B) {
			child := startScript(b, nodetest.Default(b), echoScript)
			ctx := context.Background()
			message := map[string]any{"text": "hello", "n": 1}
			send(b, child, message)
			receive(b, child)
			b.ReportAllocs()
			waiting := 0
			for b.Loop() {
				if waiting == inFlight {
					if _, err := child.Receive(ctx); err != nil {
						b.Fatal(err)
					}
					waiting--
				}
				if err := child.Send(ctx, message); err != nil {
					b.Fatal(err)
				}
				waiting++
			}
			for range waiting {
				receive(b, child)
			}
		})
	}
}
