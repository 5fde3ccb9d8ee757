//go:build unix

package trace

import (
	"os"
	"syscall"
	"time"
)

// Success reports whether the program has ended with code 0.
func (s Status) Success() bool { return s.wait.Exited() && s.wait.ExitStatus() == 0 }

// Exit ends this process as the program has ended: with its code, or by its signal.
func (s Status) Exit() {
	if s.wait.Signaled() {
		signal := s.wait.Signal()
		noCoreDump()
		resetSignal(signal)
		syscall.Kill(os.Getpid(), signal)
		time.Sleep(time.Second) // it is not always delivered at once
		os.Exit(128 + int(signal))
	}
	os.Exit(s.wait.ExitStatus())
}
