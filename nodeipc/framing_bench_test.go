//go:build linux

package nodeipc

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// eachTraffic runs a benchmark with each kind of message, n at once.
func eachTraffic(b *testing.B, benchmark func(b *testing.B, s Serialization, message any, n int)) {
	for _, s := range []Serialization{JSON, Advanced} {
		for _, n := range []int{1, 64} {
			b.Run(fmt.Sprintf("%s/small/%d", s, n), func(b *testing.B) { benchmark(b, s, &greeting{"hello", 1}, n) })
		}
		b.Run(fmt.Sprintf("%s/64KiB/1", s), func(b *testing.B) { benchmark(b, s, strings.Repeat("x", 64<<10), 1) })
	}
}

// BenchmarkFraming cuts messages out of a chunk that was read, and gives each to the handler.
func BenchmarkFraming(b *testing.B) {
	eachTraffic(b, func(b *testing.B, s Serialization, message any, n int) {
		c, _ := channelAndPeer(b, Options{Serialization: s, Handler: nobody{}, Paused: true})
		chunk := frames(b, c, n, message)
		b.ReportAllocs()
		b.SetBytes(int64(len(chunk)))
		c.loop.Call(func() {
			for b.Loop() {
				if err := c.cutChunk(chunk); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
}

// BenchmarkSend encodes messages and writes them to a peer that reads.
func BenchmarkSend(b *testing.B) {
	eachTraffic(b, func(b *testing.B, s Serialization, message any, n int) {
		c, peer := channelAndPeer(b, Options{Serialization: s})
		buf := make([]byte, len(frames(b, c, n, message)))
		b.ReportAllocs()
		b.SetBytes(int64(len(buf)))
		for b.Loop() {
			for range n {
				if err := c.Send(context.Background(), message); err != nil {
					b.Fatal(err)
				}
			}
			readAll(b, peer, buf)
		}
	})
}

// BenchmarkReceive receives what a peer has written, without decoding it.
func BenchmarkReceive(b *testing.B) {
	eachTraffic(b, func(b *testing.B, s Serialization, message any, n int) {
		c, peer := channelAndPeer(b, Options{Serialization: s})
		chunk := frames(b, c, n, message)
		blockPatiently(b, peer)
		b.ReportAllocs()
		b.SetBytes(int64(len(chunk)))
		for b.Loop() {
			writeAll(b, peer, chunk)
			for range n {
				if _, err := c.Receive(context.Background()); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
