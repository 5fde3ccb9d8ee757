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
	return ends, func() { signal.Stop(ends) }
}
