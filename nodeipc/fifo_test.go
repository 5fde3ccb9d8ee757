package nodeipc

import (
	"fmt"
	"testing"
)

// A queue keeps the order, and in a steady state its storage.
func TestFIFO(t *testing.T) {
	for _, waiting := range []int{0, 1, 2, 3, 1000} {
		var q fifo[int]
		for i := range waiting {
			q.push(i)
		}
		for i := range 20 * (waiting + 1) {
			q.push(waiting + i)
			if got := q.pop(); got != i || q.len() != waiting {
				t.Fatalf("with %d waiting, %d in the place of %d, and %d left", waiting, got, i, q.len())
			}
		}
		if most := 4 * (waiting + 1); cap(q.items) > most {
			t.Errorf("with %d waiting, there is room for %d, want at most %d", waiting, cap(q.items), most)
		}
		steps := testing.AllocsPerRun(10*waiting+10, func() {
			q.push(1)
			q.pop()
		})
		if steps > 0 {
			t.Errorf("with %d waiting, a step allocates %v times", waiting, steps)
		}
	}
}

// A queue that stays long costs as little a step as one that is short.
func BenchmarkFIFO(b *testing.B) {
	for _, waiting := range []int{1, 1 << 10, 1 << 16} {
		b.Run(fmt.Sprint(waiting), func(b *testing.B) {
			var q fifo[Message]
			for range waiting {
				q.push(Message{})
			}
			b.ReportAllocs()
			for b.Loop() {
				q.pop()
				q.push(Message{})
			}
		})
	}
}
