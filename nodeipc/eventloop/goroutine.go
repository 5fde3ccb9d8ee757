package eventloop

import (
	"bytes"
	"runtime"
	"strconv"
)

// goroutineNumber returns the number that stack traces give the calling goroutine, and no other goroutine ever. It takes some ten
// microseconds, because the runtime tells the number in a trace only.
func goroutineNumber() uint64 {
	var room [64]byte
	trace := room[:runtime.Stack(room[:], false)]
	number, _, _ := bytes.Cut(bytes.TrimPrefix(trace, []byte("goroutine ")), []byte(" "))
	n, err := strconv.ParseUint(string(number), 10, 64)
	if err != nil {
		panic("eventloop: a stack trace without the goroutine's number: " + string(trace))
	}
	return n
}

// IsCurrent reports whether the calling goroutine runs the loop: whether the loop has called, at some depth, the function that
// asks. It takes some ten microseconds.
//
// While a caller of [Loop.Drive] runs the loop, IsCurrent reports false on that goroutine, except within [Loop.Known]. To learn
// the goroutine's number each time would cost more than Drive saves.
func (l *Loop) IsCurrent() bool { return l.goroutine.Load() == goroutineNumber() }

// Known runs f with the calling goroutine known as the one that runs the loop: IsCurrent reports true in f, also where a caller
// of Drive runs the loop. It may be called on the loop only. It takes as long as IsCurrent, and is for functions that the loop
// seldom calls.
func (l *Loop) Known(f func()) {
	known := l.goroutine.Swap(goroutineNumber())
	defer l.goroutine.Store(known)
	f()
}
