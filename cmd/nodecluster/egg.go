package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/kballard/go-shellquote"
	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/egg"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/options"
	"github.com/spf13/cobra"
)

const eggHelp = `Run an application of Egg 3 or 4 in the foreground, with its agent and its app workers, in the place of Egg's own master.

BASEDIR is the application's folder, the working directory by default. The application, its framework and its plugins are unchanged,
and find what they know: the options, the messenger, schedules, sticky mode, Egg's variables.

SIGINT, SIGTERM and SIGQUIT have the app workers answer the requests that they have and run their beforeClose hooks, and end the
agent then, each within EGG_APP_CLOSE_TIMEOUT, EGG_AGENT_CLOSE_TIMEOUT or EGG_MASTER_CLOSE_TIMEOUT milliseconds (default 5000).
A second signal changes nothing. SIGHUP reloads: each app worker is replaced, the new one first.

Where the command line is that of Egg's own master, node's arguments, a script named start-cluster and its JSON, the program is that
master: this is how "egg-scripts start --node=PATH" starts it. NODECLUSTER_EGG has flags of this command for it.

Exit status: 0 when it was stopped, 1 when the application did not start, 2 when the command line is wrong.`

const eggExample = `  nodecluster egg
  nodecluster egg --workers 4 --port 7001 --env prod /srv/shop
  nodecluster egg --sticky --title shop /srv/shop
  nodecluster egg --sticky --sticky-key header:X-Forwarded-For /srv/shop
  nodecluster egg --workers 2 --mix 2=/opt/node-24/bin/node --mix 1=./worker-in-go --agent-node /opt/node-20/bin/node /srv/shop
  nodecluster egg --options '{"debugPort":7002}' /srv/shop`

// eggOptions are those of startCluster for which there are flags.
type eggOptions struct {
	Title     string `json:"title,omitempty"`
	Framework string `json:"framework,omitempty"`
	Env       string `json:"env,omitempty"`
	Port      int    `json:"port,omitempty"`
	Workers   int    `json:"workers,omitempty"`
	Sticky    bool   `json:"sticky,omitempty"`
}

// eggFlags are the flags of egg.
type eggFlags struct {
	eggMasterFlags
	eggOptions
	options string
}

func newEggCommand() *cobra.Command {
	var f eggFlags
	command := &cobra.Command{
		Use:                   "egg [flags] [BASEDIR]",
		Short:                 "Run an application of Egg.js with its agent and its app workers",
		Long:                  eggHelp,
		Example:               eggExample,
		DisableFlagsInUseLine: true,
		Args:                  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			baseDir := ""
			if len(args) > 0 {
				baseDir = args[0]
			}
			return f.run(baseDir)
		},
	}
	flags := command.Flags()
	flags.SortFlags = false
	flags.IntVarP(&f.Workers, "workers", "i", 0, "how many app workers there are (default one for each CPU)")
	flags.IntVarP(&f.Port, "port", "p", 0, "the port (default that of the application's configuration, 7001)")
	flags.StringVar(&f.Env, "env", "", "Egg's environment, such as prod (default EGG_SERVER_ENV)")
	flags.StringVar(&f.Framework, "framework", "", "the framework, a package or a folder (default egg.framework of package.json, or egg)")
	flags.StringVarP(&f.Title, "title", "n", "", "what the application is called by egg-scripts stop (default none)")
	flags.BoolVar(&f.Sticky, "sticky", false, "a client's address, or --sticky-key, decides which app worker it gets")
	flags.StringVar(&f.options, "options", "", "further options of startCluster as `JSON` (default none)")
	f.addTo(flags)
	return command
}

func (f *eggFlags) run(baseDir string) error {
	text, err := f.text()
	if err != nil {
		return err
	}
	stdin, err := options.WorkerStdin()
	if err != nil {
		return err
	}
	if stdin != nil {
		defer stdin.Close()
		f.stdin = stdin
	}
	f.attributes = options.OwnGroup()
	return f.runMaster(text, egg.OptionsFrom{Dir: baseDir})
}

// text is the options: those of the flags on top of the JSON's.
func (f *eggFlags) text() ([]byte, error) {
	all := map[string]json.RawMessage{}
	if f.options != "" {
		if err := json.Unmarshal([]byte(f.options), &all); err != nil {
			return nil, fmt.Errorf("--options: it is no JSON object: %w", err)
		}
	}
	flags, err := json.Marshal(f.eggOptions)
	if err == nil {
		err = json.Unmarshal(flags, &all)
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(all)
}

// eggVariable has flags for a master that was started as Egg's own is.
const eggVariable = "NODECLUSTER_EGG"

// readVariable reads the flags of the variable.
func (f *eggMasterFlags) readVariable() error {
	words, err := shellquote.Split(os.Getenv(eggVariable))
	if err == nil {
		flags := f.ownFlags()
		if err = flags.Parse(words); err == nil && flags.NArg() > 0 {
			err = fmt.Errorf("%q is no flag", flags.Arg(0))
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", eggVariable, err)
	}
	return nil
}

// settings are what the flags come to.
func (f *eggMasterFlags) settings() (egg.Settings, error) {
	mixed, err := f.mix.find()
	if err != nil {
		return egg.Settings{}, err
	}
	s := egg.Settings{
		Node: f.node, ExecArgv: f.execArgv, SchedulingPolicy: f.sched, StickyKey: f.stickyKey, NoDrain: f.noDrain, KeepTrying: f.keepTrying,
		SysProcAttr: f.attributes, AgentNode: f.agentNode, Mixed: mixed,
	}
	if f.stdin != nil {
		s.Stdin = f.stdin
	}
	words, err := shellquote.Split(f.nodeArgs)
	if err != nil {
		return s, fmt.Errorf("--node-args %q: %w", f.nodeArgs, err)
	}
	s.ExecArgv = append(words, s.ExecArgv...)
	return s, nil
}

// eggFailure is how the program ends when the master has.
func eggFailure(err error) error {
	var exit *egg.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exit):
		return errReported
	default:
		return statusError{statusFailed, err}
	}
}

// eggPolicies are the policies of a master; its sticky mode is Egg's own.
func eggPolicies() []cluster.SchedulingPolicy {
	return []cluster.SchedulingPolicy{cluster.SchedRR, cluster.SchedNone, cluster.SchedReusePort, cluster.SchedLeast}
}
