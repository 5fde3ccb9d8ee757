package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/adopt"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/trace"
	"github.com/nodecluster/nodecluster/nodeipc/tracing"
	"github.com/spf13/cobra"
)

// The signal that the parent's end brings belongs to the thread that a process begins with, and that one must become the
// child.
func init() {
	if len(os.Args) > 1 && (os.Args[1] == tracing.Command || os.Args[1] == adopt.WorkerCommand) {
		runtime.LockOSThread()
	}
}

// newTraceExecCommand is what the preload of trace starts in place of a child.
func newTraceExecCommand() *cobra.Command {
	return newHiddenCommand(tracing.Command, func(args []string) error {
		return statusError{statusCannotRun, fmt.Errorf("trace: %w", trace.Exec(args))}
	})
}

// newTraceExitCommand is what the preload of trace runs where it may not write to the pipe of exits itself.
func newTraceExitCommand() *cobra.Command {
	return newHiddenCommand(tracing.ExitCommand, trace.TellExit)
}

// newAdoptExecCommand is what the preload of exec starts in place of a worker.
func newAdoptExecCommand() *cobra.Command {
	return newHiddenCommand(adopt.WorkerCommand, func(args []string) error {
		return statusError{statusCannotRun, fmt.Errorf("exec: %w", adopt.Become(args))}
	})
}

// newAdoptEngineCommand is what the preload of exec starts at the first fork.
func newAdoptEngineCommand() *cobra.Command {
	return newHiddenCommand(adopt.EngineCommand, func(args []string) error {
		if len(args) != 1 {
			return errors.New(adopt.EngineCommand + " is for the use of nodecluster exec only")
		}
		if err := adopt.Run(os.Stdin, cluster.SchedulingPolicy(args[0]), warn); err != nil {
			return statusError{statusFailed, fmt.Errorf("exec: the engine: %w", err)}
		}
		return nil
	})
}

// newHiddenCommand is a command for this program's own use, whose arguments are not read as flags.
func newHiddenCommand(name string, run func(args []string) error) *cobra.Command {
	return &cobra.Command{
		Use:                name,
		Hidden:             true,
		DisableFlagParsing: true,
		RunE:               func(_ *cobra.Command, args []string) error { return run(args) },
	}
}
