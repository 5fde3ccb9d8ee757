package main

import (
	"errors"
	"fmt"
	"os"
)

// Exit statuses.
const (
	statusFailed = 1
	statusUsage  = 2
)

func main() {
	if status, ok := runAsInit(); ok {
		os.Exit(status)
	}
	os.Exit(execute(os.Args[1:]))
}

// execute runs a command line and gives the exit status.
func execute(args []string) int {
	root := newRootCommand()
	root.SetArgs(args)
	command, err := root.ExecuteC()
	var failed statusError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errReported):
		return statusFailed
	case errors.As(err, &failed):
		fmt.Fprintf(stderr, "nodecluster: %s\n", oneLine(err))
		return failed.status
	default:
		fmt.Fprintf(stderr, "nodecluster: %s (see %s --help)\n", oneLine(err), command.CommandPath())
		return statusUsage
	}
}

// statusError is the end of a command line that was right with an exit status of its own.
type statusError struct {
	status int
	error
}

func (e statusError) Unwrap() error { return e.error }
