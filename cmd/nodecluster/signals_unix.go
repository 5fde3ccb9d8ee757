//go:build unix

package main

import (
	"errors"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// signalNamed returns the signal with a name as kill -l has it, with or without SIG.
func signalNamed(name string) (syscall.Signal, error) {
	s := unix.SignalNum("SIG" + strings.TrimPrefix(strings.ToUpper(name), "SIG"))
	if s == 0 {
		return 0, errors.New("use a signal's name, such as SIGTERM, INT or USR2")
	}
	return s, nil
}

// hasTerminal reports whether the program has a controlling terminal, which sends SIGHUP when it hangs up.
func hasTerminal() bool {
	terminal, err := os.OpenFile("/dev/tty", os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	terminal.Close()
	return true
}
