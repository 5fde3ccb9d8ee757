package cluster

import (
	"fmt"
	"slices"
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
	// StopByMessage: the worker gets the message "shutdown", which PM2 sends too, and goes on as one that gets the signal at once. It is
	// for a program that listens for the message. One that does not gets the signal at half of the time.
	StopByMessage StopMethod = "message"
)

func stopMethods() []StopMethod { return []StopMethod{StopDisconnect, StopBySignal, StopByMessage} }

// check returns an error for a method that is not known.
func (m StopMethod) check() error {
	if m == "" || slices.Contains(stopMethods(), m) {
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

// messageToEnd is what a program that PM2 stops with shutdown_with_message listens for.
const messageToEnd = "shutdown"

// sendToEnd sends the message, once. One that does not read it gets the signal later.
func (w *Worker) sendToEnd() {
	if !w.messaged.Swap(true) {
		w.Tell(messageToEnd)
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
