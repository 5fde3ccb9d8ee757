package cluster

import (
	"fmt"
	"syscall"
)

// StopMethod is how [Worker.Shutdown] asks a worker to end.
type StopMethod string

const (
	// StopDisconnect: the worker is asked to leave, as by [Worker.Disconnect], and gets the StopSignal of its settings only if it goes
	// on after that. It is the default. A handler of the signal in the program runs only then.
	StopDisconnect StopMethod = "disconnect"
	// StopBySignal: the worker gets the signal at once. It goes on to get connections until it closes its servers, and is asked to leave
	// then. It is for a program that has a handler of the signal. One that has none ends at once, with the requests that it has.
	StopBySignal StopMethod = "signal"
)

func stopMethods() []StopMethod { return []StopMethod{StopDisconnect, StopBySignal} }

// check returns an error for a method that is not known.
func (m StopMethod) check() error {
	if m == "" || m == StopDisconnect || m == StopBySignal {
		return nil
	}
	return fmt.Errorf("cluster: stop method %q is not known; use %s", m, quoted(stopMethods()))
}

// stopping is how a worker is stopped.
type stopping struct {
	method     StopMethod
	signal     syscall.Signal
	leadsGroup bool // the worker has a process group of its own
}

func (s *Settings) stopping() stopping {
	how := stopping{method: s.StopMethod, signal: s.StopSignal, leadsGroup: leadsGroup(s.SysProcAttr)}
	if how.signal == 0 {
		how.signal = syscall.SIGTERM
	}
	return how
}

// tellToEnd sends the signal, once: a program that handles it once would end at the second.
func (w *Worker) tellToEnd() {
	if !w.signalled.Swap(true) {
		w.child.Signal(w.stop.signal)
	}
}

// kill sends SIGKILL to the worker's process and to its group, of which nothing is to be left.
func (w *Worker) kill() error {
	w.reaps.Store(true)
	err := w.child.Signal(syscall.SIGKILL)
	if err == nil && w.stop.leadsGroup {
		killGroup(w.Pid())
	}
	return err
}

// killRemains kills what a worker that was to end has left in its group.
func (w *Worker) killRemains() {
	if w.stop.leadsGroup && w.reaps.Load() {
		killRemains(w.Pid())
	}
}
