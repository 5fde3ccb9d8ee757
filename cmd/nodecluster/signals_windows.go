package main

import (
	"errors"
	"syscall"
)

func signalNamed(string) (syscall.Signal, error) {
	return 0, errors.New("there are no signals on Windows")
}
