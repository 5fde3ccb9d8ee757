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
	return ends, func() { signal.Stop(ends) }
}
