package main

import (
	"errors"

	"github.com/spf13/cobra"
)

const runHelp = `Run SCRIPT as a pool of workers in the foreground.

SCRIPT is a file that ends in .js .cjs .mjs .ts .mts or .cts, or a folder with a package.json or an index.js: it runs
under node. Any other executable is a worker by itself, unless --node says what runs it. SCRIPT is looked for from
here, whatever --cwd says. Whatever follows it is passed on to it, flags too.

The workers' output passes through untouched. They get standard input, unless it is a terminal, of which they could
not read: they are a terminal's background processes, so that Ctrl-C reaches this program alone.

A worker that fails has a successor after a pause, longer with each failure in a row. To be killed from outside is no
failure: its successor comes after the shortest pause. When all workers have failed before any has listened or lived
for 5s, the program is taken for broken and the run ends, unless --restart is always. A worker that goes on without
its channel is ended after --kill-timeout, and has failed.

What happens to the workers is written to standard error. A log that nobody reads delays nobody: lines that have no
room are dropped, and counted. Messages that workers send are shown once of each kind, and then counted.

SIGHUP reloads: each worker is replaced by one of what SCRIPT, --cwd, --env-file and --node lead to by then. The new
one is started first, and takes the place once it listens on what the old one listens on. If a new one fails, the old
ones go on.

With --readiness each worker gets connections only while it passes the check, and a new one has to pass before it takes
a place. With --liveness one that does not pass is replaced. The checks reach each worker by itself, past the port that
it shares.

SIGINT, SIGTERM and SIGQUIT ask the workers to leave once the requests that they have are answered. One that
then goes on gets --stop-signal: 200 ms after its last connection has ended, or between half and three quarters of
--kill-timeout, one worker after the other. The end of --kill-timeout, or a second signal after a second or more, kills
them. With --stop signal they get the signal at once,
and connections until they close their servers: for a script that has a handler of it.

Exit status: 0 when all workers have done their work or left as asked, 1 when they could not be run or kept running
or had to be killed, 2 when the command line is wrong.`

const runExample = `  PORT=3000 nodecluster run --instances 2 server.js
  nodecluster run -i auto --env PORT=3000 --uid nobody --gid nogroup --log-format json app/
  nodecluster run --node-args "--enable-source-maps --max-old-space-size=512" server.js --verbose
  nodecluster run -i 4 ./worker-in-go
  nodecluster run -i 2 --mix 2=./worker-in-go --mix "1=deno run -A server.ts" server.js`

// errReported is the end of a run that failed and has said why.
var errReported = errors.New("the run failed")

func newRunCommand() *cobra.Command {
	var o options
	command := &cobra.Command{
		Use:                   "run [flags] SCRIPT [ARGS...]",
		Short:                 "Run a script as a pool of workers",
		Long:                  runHelp,
		Example:               runExample,
		DisableFlagsInUseLine: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("no SCRIPT to run")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return run(&o, args[0], args[1:]) },
	}
	o.addTo(command.Flags())
	command.Flags().SetInterspersed(false)
	return command
}

// run runs a script until its workers have ended. Its error is one of usage, or errReported.
func run(o *options, script string, args []string) error {
	keepFromWorkers()
	log := newEventLog(stderr, o.logFormat, o.logLevel)
	defer log.close()
	if o.keepsRootsGroup() {
		log.warn("the workers keep group 0, which is root's: --uid says nothing of the group, so add --gid")
	}
	err := runPool(o, script, args, log)
	if usage := (usageError{}); err == nil || errors.As(err, &usage) {
		return err
	}
	log.fail(err)
	return errReported
}

// runPool finds out what to run, and runs it.
func runPool(o *options, script string, args []string, log *eventLog) error {
	if err := o.completeHealth(); err != nil {
		return err
	}
	stdin, err := workerStdin()
	if err != nil {
		return err
	}
	if stdin != nil {
		defer stdin.Close()
		o.settings.Stdin = stdin
	}
	programs, err := o.release(script, args)
	if err != nil {
		return err
	}
	log.warnOfWrappers(programs)
	o.keep.Programs, o.keep.Reread = programs[1:], o.rereader(script, args)
	return serve(programs[0].Settings, o, log)
}

// usageError is a command line that makes no sense.
type usageError struct{ message string }

func (e usageError) Error() string { return e.message }
