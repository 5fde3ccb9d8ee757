//go:build linux && !portable

package eventloop

import "testing"

// Answers gather until the peer reads again.
func TestLull(t *testing.T) {
	l := newLoop(t)
	near, far := pair(t)
	asked, sizes := make(chan struct{}, 100), make(chan int, 100)
	lulls := true
	err := l.Call(func() {
		l.Add(near, Readable, sourceFunc(func(Events) {
			lulls = false
			sizes <- len(readAll(near))
			l.Remove(near) // its end is an event too, over and over
		}))
		if err := l.SetLull(near, func() bool { asked <- struct{}{}; return lulls }); err != nil {
			t.Error(err)
		}
		l.poll.reads.longest = int(patience.Milliseconds())
		write(t, near, "question")
	})
	if err != nil {
		t.Fatal(err)
	}
	receive(t, asked, "lull")
	const answers = 10
	for range answers {
		write(t, far, "x")
	}
	select {
	case n := <-sizes:
		t.Errorf("%d answers were heard before the peer has read", n)
	default:
	}
	readAll(far)
	if n := receive(t, sizes, "answers"); n != answers {
		t.Errorf("%d answers at once, want %d", n, answers)
	}
}

// A lull ends when something is posted, when there is nothing that the peer could read, and after a while in any case.
func TestEndsOfALull(t *testing.T) {
	for name, test := range map[string]struct {
		unread  string
		longest int
		end     func(*Loop)
	}{
		"posted":          {"unread", int(patience.Milliseconds()), func(l *Loop) { l.Call(func() {}) }},
		"nothing to read": {"", int(patience.Milliseconds()), func(*Loop) {}},
		"a while":         {"unread", longestLull, func(*Loop) {}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			near, far := pair(t)
			heard := make(chan Events, 1)
			l.Call(func() {
				l.Add(near, Readable, sourceFunc(func(e Events) { l.Remove(near); heard <- e }))
				if err := l.SetLull(near, func() bool { return true }); err != nil {
					t.Error(err)
				}
				l.poll.reads.longest = test.longest
				if test.unread != "" {
					write(t, near, test.unread)
				}
			})
			write(t, far, "x")
			test.end(l)
			receive(t, heard, "event")
		})
	}
}
