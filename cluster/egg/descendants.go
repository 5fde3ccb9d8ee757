package egg

import (
	"context"
	"syscall"
	"time"
)

// aliveLook is how often it is looked whether a process still runs that is no child of this one, and of whose end nobody tells.
const aliveLook = 50 * time.Millisecond

// tree is processes that others have started, each with when it began, by which it is known: a pid is used again.
type tree map[int]string

// descendants are the processes that a process has started, and those that these have.
func descendants(pid int) tree {
	children := map[int][]int{}
	began := tree{}
	for child, of := range processes() {
		children[of.parent] = append(children[of.parent], child)
		began[child] = of.began
	}
	found := tree{}
	for todo := children[pid]; len(todo) > 0; todo = todo[1:] {
		child := todo[0]
		if _, seen := found[child]; !seen {
			found[child] = began[child]
			todo = append(todo, children[child]...)
		}
	}
	return found
}

// origin is what is known of a process: by whom it was started, and when.
type origin struct {
	parent int
	began  string
}

// signal sends a signal to those that still run.
func (t tree) signal(s syscall.Signal) {
	for pid, began := range t {
		if began != "" && beganAt(pid) == began {
			kill(pid, s)
		}
	}
}

// runs reports whether one still does.
func (t tree) runs() bool {
	for pid, began := range t {
		if began != "" && beganAt(pid) == began {
			return true
		}
	}
	return false
}

// endBefore waits for the ends of all, and kills those that go on after the deadline, or after ctx.
func (t tree) endBefore(ctx context.Context, deadline time.Time) {
	look := time.NewTicker(aliveLook)
	defer look.Stop()
	for t.runs() {
		if time.Now().After(deadline) || ctx.Err() != nil {
			t.signal(syscall.SIGKILL)
			return
		}
		select {
		case <-look.C:
		case <-ctx.Done():
		}
	}
}
