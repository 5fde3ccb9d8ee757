package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/config"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/eventlog"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/stdio"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/utilinspect"
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
	if s, ok := asStartCluster(args); ok {
		return s.run()
	}
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
		fmt.Fprintf(stdio.Err, "nodecluster: %s\n", eventlog.OneLine(err))
		showPlace(err)
		return failed.status
	default:
		fmt.Fprintf(stdio.Err, "nodecluster: %s (see %s --help)\n", eventlog.OneLine(err), command.CommandPath())
		return statusUsage
	}
}

// showPlace shows the lines of a file that an error is about, if it is about a file.
func showPlace(err error) {
	of := (*config.Error)(nil)
	if !errors.As(err, &of) || of.Excerpt == "" {
		return
	}
	for line := range strings.SplitSeq(of.Excerpt, "\n") {
		fmt.Fprintln(stdio.Err, utilinspect.Printable(strings.ReplaceAll(line, "\t", "    ")))
	}
}

// warn tells the user of something that is to be known.
func warn(text string) { fmt.Fprintf(stdio.Err, "nodecluster: %s\n", text) }

// statusError is the end of a command line that was right with an exit status of its own.
type statusError struct {
	status int
	error
}

func (e statusError) Unwrap() error { return e.error }
