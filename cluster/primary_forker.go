package cluster

import "runtime"

// A forker starts processes from one thread that lives as long as the primary. A process that has a parent's death signal gets it when
// the thread ends that forked it, and the Go runtime ends other threads at any time.
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

// do calls start on the thread and waits until it has returned.
func (f *forker) do(start func()) {
	ran := make(chan struct{})
	f.work <- func() { defer close(ran); start() }
	<-ran
}

func (f *forker) close() {
	close(f.work)
	<-f.done
}
