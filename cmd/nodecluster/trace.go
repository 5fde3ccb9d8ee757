package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/eventlog"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/options"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/stdio"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/trace"
	"github.com/spf13/cobra"
)

const traceHelp = `Run COMMAND and show what crosses the channels between Node programs and the children that they fork.

Each message is shown as it was sent: time, child, direction, bytes, the message, the handle that goes with it (its
descriptor and addresses), and of an answer how long it took: of a NODE_HANDLE_ACK since the handle, of cluster's
replies since the question. → is to the child, ← from it.

The program runs as it does without the trace. NODE_OPTIONS has each Node process in it load a small script first;
children are traced that fork() and cluster.fork() start, and spawn() with 'ipc', whatever program they are, and their
children too. So are those of Go programs that fork with nodeipc or cluster, nodecluster run among them, which
NODECLUSTER_TRACE tells to. Not traced: children of Deno and Bun programs and of programs that are started without these
two variables, and worker threads' messages, which go through no channel.

The trace goes to standard error, among what the program writes there, unless --out names a file. It ends when the
program and all that it has started have ended.

--format json writes an object a line, with "time" and "event", which is
  fork     "channel" (a number for each child), "pid", "worker" (cluster's id), "parent", "serialization", "command"
  message  "channel", "pid", "worker", "direction" ("to child" or "from child"), "bytes", "kind" (message, internal,
           handle, ack, nack, socket, nothing, broken), "message", or "text" where JSON cannot say it, "truncated",
           "type" and "handles" [{"fd", "network", "local", "remote", "listening", "inode"}], "latencyMs", "error"
  end      "channel", "pid", "worker", "direction", "partial" (bytes of a message that did not come whole), "error"
  exit     "channel", "pid", "worker", and "code" or "signal" (as SIGKILL): how the child has ended
  note     "note"
  summary  at the end, with --summary: "direction", "label", "messages", "bytes", "p50Ms", "p99Ms", "maxMs"

Exit status: that of COMMAND, or its signal; 127 when there is no such program, 126 when it cannot be run, 2 when the
command line is wrong, 1 when the trace could not be made, or written where COMMAND ended with 0.`

const traceExample = `  nodecluster trace -- node app.js
  nodecluster trace --out trace.txt --summary -- npm start
  nodecluster trace --format json --out trace.json -- node --enable-source-maps app.js --port 3000`

// Exit statuses of a command that was not run, as of env.
const (
	statusCannotRun = 126
	statusNotFound  = 127
)

// traceFlags are the flags of trace.
type traceFlags struct {
	out     string
	format  eventlog.Format
	summary bool
}

func newTraceCommand() *cobra.Command {
	f := traceFlags{format: eventlog.Text}
	command := &cobra.Command{
		Use:                   "trace [flags] [--] COMMAND [ARGS...]",
		Short:                 "Show what crosses the channels of a Node program",
		Long:                  traceHelp,
		Example:               traceExample,
		DisableFlagsInUseLine: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("no COMMAND to run, such as node app.js")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return f.run(args) },
	}
	flags := command.Flags()
	flags.SortFlags = false
	flags.SetInterspersed(false)
	flags.VarP(options.Value{Kind: "FILE", To: func(s string) error { f.out = s; return nil }}, "out", "o", "where the trace goes (default standard error)")
	flags.Var(options.Value{Kind: "text|json", To: options.OneOf(&f.format, eventlog.Text, eventlog.JSON)}, "format", "how it is written (default text)")
	flags.BoolVar(&f.summary, "summary", false, "counts, bytes and latencies of each kind of message at the end")
	return command
}

// run does not return but with an error.
func (f *traceFlags) run(command []string) error {
	out, terminal, err := f.open()
	if err != nil {
		return statusError{statusFailed, err}
	}
	// Where nobody reads the trace any more, writing fails rather than ending the process.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	status, err := trace.Run(trace.Options{
		Command: command,
		Out:     out,
		JSON:    f.format == eventlog.JSON,
		Color:   terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb",
		Summary: f.summary,
		Waiting: func() {
			if stdio.IsTerminal(os.Stderr) {
				fmt.Fprintf(stdio.Err, "nodecluster: %s has ended, but not all that it has started: Ctrl-C leaves that untraced\n", command[0])
			}
		},
		Untraced: func(reason string) {
			if f.out != "" {
				fmt.Fprintf(stdio.Err, "nodecluster: trace: %s\n", reason)
			}
		},
	})
	var start trace.StartError
	if errors.As(err, &start) {
		return startFailure(command[0], err)
	}
	if err != nil {
		err = fmt.Errorf("trace: %w", err)
		if status.Success() {
			return statusError{statusFailed, err}
		}
		fmt.Fprintf(stdio.Err, "nodecluster: %s\n", eventlog.OneLine(err))
	}
	status.Exit()
	return nil
}

// open gives what the trace is written to, and reports whether that is a terminal.
func (f *traceFlags) open() (out io.Writer, terminal bool, err error) {
	if f.out == "" {
		return stdio.Err, stdio.IsTerminal(os.Stderr), nil
	}
	file, err := os.Create(f.out)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("there is no folder %s: make it, or name another file by --out", filepath.Dir(f.out))
	}
	if err != nil {
		return nil, false, fmt.Errorf("cannot write the trace: %w", err)
	}
	return file, stdio.IsTerminal(file), nil
}

// startFailure says why the command did not run.
func startFailure(program string, err error) error {
	switch {
	case errors.Is(err, exec.ErrDot):
		return statusError{statusNotFound, fmt.Errorf("PATH has %s in the working directory only: say ./%[1]s if it is meant", program)}
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return statusError{statusNotFound, fmt.Errorf("there is no program %s", program)}
	}
	for cause := errors.Unwrap(err); cause != nil; cause = errors.Unwrap(cause) {
		err = cause // the name stands there already
	}
	return statusError{statusCannotRun, fmt.Errorf("cannot run %s: %w", program, err)}
}
