package main

import (
	"errors"
	"syscall"
)

func signalNamed(string) (syscall.Signal, error) {
	return 0, errors.New("there are no signals on Windows")
}

// hasTerminal is of no use: there is no SIGHUP.
func hasTerminal() bool { return false }
