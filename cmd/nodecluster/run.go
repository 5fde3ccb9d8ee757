package main

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/config"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/eventlog"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/options"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/stdio"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/supervise"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const runHelp = `Run SCRIPT as a pool of workers in the foreground.

SCRIPT is a file that ends in .js .cjs .mjs .ts .mts or .cts, or a folder with a package.json or an index.js: it runs
under node. Any other executable is a worker by itself, unless --node says what runs it. SCRIPT is looked for from
here, whatever --cwd says. Whatever follows it is passed on to it, flags too. FILE is a nodecluster.yaml, or an ecosystem
file of PM2's: the application in it is run, or of several the one that --only names.

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
a place. With --liveness one that does not pass is replaced. With --startup neither is checked before that has passed
once. The checks reach each worker by itself, past the port that it shares.

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

// runFlags are the flags of run.
type runFlags struct {
	options.Options
	name, namespace string
	metrics         string
	stickyListen    string
	controlGroup    string
	watched         watchFlags
	log             logFlags
	logFormat       eventlog.Format
	logLevel        eventlog.Level
	flags           *pflag.FlagSet // all of them
}

func newRunCommand() *cobra.Command {
	var f runFlags
	var files fileFlags
	command := &cobra.Command{
		Use:                   "run [flags] SCRIPT|FILE [ARGS...]",
		Short:                 "Run a script as a pool of workers",
		Long:                  runHelp,
		Example:               runExample,
		DisableFlagsInUseLine: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 && f.name == "" {
				return errors.New("no SCRIPT to run")
			}
			return nil
		},
		RunE: func(command *cobra.Command, args []string) error {
			if len(args) == 0 {
				return runRecorded(command, &f)
			}
			if config.IsFile(args[0]) {
				return f.runFile(&files, args[0], args[1:])
			}
			if err := notOfFile(files.environment); err != nil {
				return err
			}
			return run(&f, args[0], args[1:])
		},
	}
	f.addTo(command.Flags())
	files.addTo(command.Flags())
	acceptEnvName(command.Flags(), &files.environment)
	return command
}

// addTo adds the flags to a command's.
func (f *runFlags) addTo(flags *pflag.FlagSet) {
	f.AddTo(flags)
	f.logFormat, f.logLevel = eventlog.Text, eventlog.Info
	flags.StringVarP(&f.name, "name", "n", "", "what the application is called by the other commands (default the script's name without\nits extension); without SCRIPT, run what was started under that name")
	flags.StringVar(&f.namespace, "namespace", "", "what it belongs to, for commands that are for several (default \"default\")")
	flags.Var(options.Value{Kind: "text|json|none", To: options.OneOf(&f.logFormat, eventlog.Text, eventlog.JSON, eventlog.None)}, "log-format",
		"how events are written to standard error (default text); none: not at all,\nbut for why the run has failed")
	flags.Var(options.Value{Kind: "error|warn|info|debug", To: options.OneOf(&f.logLevel, eventlog.Error, eventlog.Warn, eventlog.Info, eventlog.Debug)}, "log-level",
		"which events are written (default info): warn, what did not go well; info, the\nworkers' lives too and the first message of each kind; debug, every message")
	flags.StringVar(&f.metrics, "metrics", "", "the address, such as :9615, that answers /metrics for Prometheus, and /livez and /readyz for\nKubernetes (default none)")
	flags.Var(options.Value{Kind: "PORT|ADDRESS", To: f.setStickyListen}, "sticky-listen",
		"where clients of workers connect that have @socket.io/sticky and do not listen; has\n--serialization be advanced (default none)")
	f.log.addTo(flags)
	flags.StringVar(&f.controlGroup, "control-group", "", "the group of the system whose members may look at the application (default none)")
	f.watched.addTo(flags)
	flags.SetInterspersed(false)
	acceptPM2Flags(flags)
	recordFlags(flags)
	addPM2Flags(flags)
	f.flags = flags
}

// run runs a script until its workers have ended. Its error is one of usage, or errReported.
func run(f *runFlags, script string, args []string) error {
	supervise.KeepFromWorkers()
	events := &supervise.Events{}
	log := eventlog.New(stdio.Err, f.logFormat, f.logLevel, events.Add)
	defer log.Close()
	for _, warning := range f.Warnings() {
		log.Warn(warning)
	}
	o := &supervise.Options{Log: log, Events: events, Version: programVersion(), Foreground: true}
	joinServiceManager(o)
	defer o.Notifier.Close()
	err := runRegistered(f, script, args, o)
	if usage := (options.UsageError{}); err == nil || errors.As(err, &usage) {
		return err
	}
	log.Fail(err)
	return errReported
}

// runRegistered runs a script, and has it known to the other commands meanwhile. Where it cannot be known, it runs all the same, unless its
// name was said.
func runRegistered(f *runFlags, script string, args []string, o *supervise.Options) error {
	c, err := foregroundConfig(f, script, args)
	if err != nil {
		return err
	}
	r, err := register(c, f.name != "")
	switch {
	case err != nil && f.name != "":
		return err
	case err != nil:
		o.Log.Debug("other commands do not know of it: " + eventlog.OneLine(err))
	default:
		defer r.end()
		o.Name, o.Namespace, o.Config, o.Control = r.app.Name(), namespaceOf(r.app), r.app.record.Config, r.socket
		o.ControlGroup, o.LogFile = f.controlGroup, r.app.LogFile()
	}
	if o.Logs, err = f.log.open(passthrough, o.Name, o.LogFile); err != nil {
		return err
	}
	return runPool(f, script, args, o)
}

// runPool finds out what to run, and runs it.
func runPool(f *runFlags, script string, args []string, o *supervise.Options) error {
	if err := f.Complete(); err != nil {
		return err
	}
	stdin, err := options.WorkerStdin()
	if err != nil {
		return err
	}
	if stdin != nil {
		defer stdin.Close()
		f.Settings.Stdin = stdin
	}
	if err := f.speakForSticky(); err != nil {
		return err
	}
	programs, err := f.Release(script, args)
	if err != nil {
		return err
	}
	for _, warning := range append(options.WrapperWarnings(programs), options.PrimaryWarnings(programs)...) {
		o.Log.Warn(warning)
	}
	f.Pool.Programs, f.Pool.Reread = programs[1:], f.Rereader(script, args)
	o.Settings, o.Pool, o.StartTimeout = programs[0].Settings, f.Pool, f.StartTimeout()
	if o.Logs != nil {
		o.Pool.Outputs = o.Logs.Output
		defer o.Logs.Close()
	}
	if f.metrics != "" {
		if o.Metrics, err = net.Listen("tcp", f.metrics); err != nil {
			return fmt.Errorf("--metrics: %w", err)
		}
	}
	if f.stickyListen != "" {
		var plain net.ListenConfig
		plain.SetMultipathTCP(false) // as what Node listens on: its workers get the connections
		if o.Sticky, err = plain.Listen(context.Background(), "tcp", f.stickyListen); err != nil {
			return fmt.Errorf("--sticky-listen: %w", err)
		}
	}
	if o.Watch, err = f.watched.begin(f.Settings.Cwd, f.log.OutFile, f.log.ErrorFile, f.log.LogFile); err != nil {
		return err
	}
	if o.Watch != nil {
		defer o.Watch.Close()
	}
	return supervise.Run(*o)
}
