package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/adopt"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/interpose"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/options"
	"github.com/spf13/cobra"
)

const execHelp = `Run a program that is its own primary, by Node's cluster module, on this engine.

Nothing changes for the program: its primary is Node's own, in its JavaScript, and forks, and hears of its workers. What
workers listen on is opened, and their connections are accepted and handed out, by nodecluster, in a process of its own
that is there as long as the primary. So the primary's JavaScript does nothing for a connection, a worker that dies takes
none with it, and --sched has policies that Node does not have.

The first argument is the script; the others are the script's. After -- they are all node's, with its options before the
script. This process becomes node, so that its process id, its signals and its exit status are the program's.

Workers that plain Node would have served are served by plain Node where the engine cannot be had, or has ended, and
standard error has a line about it. With --strict, forks fail then.

Only this program gets the engine, and not what it starts, such as PM2's daemon: for these set NODE_OPTIONS, as the
package nodecluster of npm says.`

const execExample = `  nodecluster exec app.js
  nodecluster exec --sched reuseport app.js --port 3000
  nodecluster exec -- --enable-source-maps app.js`

// execFlags are the flags of exec.
type execFlags struct {
	sched  cluster.SchedulingPolicy
	node   string
	strict bool
}

func newExecCommand() *cobra.Command {
	var f execFlags
	command := &cobra.Command{
		Use:                   "exec [flags] SCRIPT [ARGS...]",
		Short:                 "Run a program that is its own cluster primary on this engine",
		Long:                  execHelp,
		Example:               execExample,
		DisableFlagsInUseLine: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("no SCRIPT to run, such as app.js")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return f.run(args) },
	}
	flags := command.Flags()
	flags.SortFlags = false
	flags.SetInterspersed(false)
	flags.Var(options.Value{Kind: "rr|none|reuseport|sticky|least", To: options.OneOf(&f.sched, cluster.SchedulingPolicies()...)}, "sched",
		"who gets a connection (default NODECLUSTER_SCHED, or what the program's cluster module says)")
	flags.StringVar(&f.node, "node", "node", "the node to run `PATH`")
	flags.BoolVar(&f.strict, "strict", false, "forks fail where there is no engine (default false, or NODECLUSTER_STRICT=1)")
	return command
}

// run does not return but with an error.
func (f *execFlags) run(args []string) error {
	if err := f.readVariables(); err != nil {
		return err
	}
	path, err := exec.LookPath(f.node)
	if err != nil {
		return startFailure(f.node, err)
	}
	environ, err := f.environ()
	switch {
	case err != nil && f.strict:
		return statusError{statusFailed, fmt.Errorf("exec: %w", err)}
	case err != nil:
		warn("workers are served by Node alone: " + err.Error())
	}
	return startFailure(f.node, syscall.Exec(path, append([]string{f.node}, args...), environ))
}

// readVariables reads what stands for flags that are not given.
func (f *execFlags) readVariables() error {
	f.strict = f.strict || os.Getenv("NODECLUSTER_STRICT") == "1"
	sched := os.Getenv("NODECLUSTER_SCHED")
	if f.sched != "" || sched == "" {
		return nil
	}
	if err := options.OneOf(&f.sched, cluster.SchedulingPolicies()...)(sched); err != nil {
		return fmt.Errorf("NODECLUSTER_SCHED=%s: %w", sched, err)
	}
	return nil
}

// environ returns the environment in which Node loads the preload; with an error, that of this process.
func (f *execFlags) environ() ([]string, error) {
	environ := syscall.Environ()
	program, err := os.Executable()
	if err != nil {
		return environ, err
	}
	option, err := adopt.Preload(adopt.Settings{Program: program, Sched: string(f.sched), Strict: f.strict})
	if err != nil {
		return environ, err
	}
	return interpose.AddNodeOption(environ, option), nil
}
