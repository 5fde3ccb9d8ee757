package cluster

import "runtime"

// forker starts processes from one thread that lives as long as the primary: a parent's death signal comes at the
// death of the thread that forked, and the runtime ends threads as it likes.
type forker struct {
	work chan func()
	done chan struct{}
}

func newForker() *forker {
	f := &forker{work: make(chan func()), done: make(chan struct{})}
	go f.run()
	return f
}

func (f *forker) run() {
	defer close(f.done)
	runtime.LockOSThread()
	for work := range f.work {
		work()
	}
}

// do runs start on the thread and waits for it.
func (f *forker) do(start func()) {
	ran := make(chan struct{})
	f.work <- func() { defer close(ran); start() }
	<-ran
}

func (f *forker) close() {
	close(f.work)
	<-f.done
}
