package main

import (
	"os"
	"os/signal"
	"syscall"
)

// catchSignals gives the signals that ask for the end, until release is called.
func catchSignals() (signals <-chan os.Signal, release func()) {
	ends := make(chan os.Signal, 2)
	signal.Notify(ends, os.Interrupt, syscall.SIGTERM)
	for _, s := range []syscall.Signal{syscall.SIGHUP, syscall.SIGQUIT} {
		// Under nohup, or behind a shell's &, they are ignored, and stay so.
		if !signal.Ignored(s) {
			signal.Notify(ends, s)
		}
	}
	// A log that nobody reads any more makes writes fail, rather than end the process, only once SIGPIPE is caught.
	// Were it ignored, the workers would inherit that.
	broken := make(chan os.Signal, 1)
	signal.Notify(broken, syscall.SIGPIPE)
	return ends, func() {
		signal.Stop(ends)
		signal.Stop(broken)
	}
}
