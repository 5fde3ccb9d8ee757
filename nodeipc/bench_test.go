//go:build unix

package nodeipc_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// BenchmarkRoundTrip sends messages to a Node child that sends them back. scripts/messages measures the same beside Node
// and Bun.
func BenchmarkRoundTrip(b *testing.B) {
	messages := map[string]any{"small": map[string]any{"text": "hello", "n": 1}, "64KiB": strings.Repeat("x", 64<<10)}
	for _, s := range []nodeipc.Serialization{nodeipc.JSON, nodeipc.Advanced} {
		for name, message := range messages {
			for _, inFlight := range []int{1, 64} {
				b.Run(fmt.Sprintf("%s/%s/%d", s, name, inFlight), func(b *testing.B) { roundTrips(b, s, message, inFlight) })
			}
		}
	}
}

func roundTrips(b *testing.B, s nodeipc.Serialization, message any, inFlight int) {
	child, err := nodeipc.Start(command(b, nodetest.Default(b), echoScript), nodeipc.Options{Serialization: s})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		child.Disconnect()
		child.Wait()
	})
	ctx := context.Background()
	send := func() {
		if err := child.Send(ctx, message); err != nil {
			b.Fatal(err)
		}
	}
	receive := func() {
		m, err := child.Receive(ctx)
		if err != nil {
			b.Fatal(err)
		}
		var v any
		if err := m.Decode(&v); err != nil {
			b.Fatal(err)
		}
	}
	for range inFlight {
		send()
	}
	receive() // which waits until the child runs
	send()
	b.ReportAllocs()
	for b.Loop() {
		receive()
		send()
	}
	for range inFlight {
		receive()
	}
}
