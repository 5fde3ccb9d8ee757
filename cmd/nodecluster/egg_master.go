package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/egg"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/options"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/stdio"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/supervise"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/spf13/pflag"
)

// eggMasterFlags are the flags that say how a master runs, and not what.
type eggMasterFlags struct {
	node, nodeArgs, folder       string
	agentNode                    string
	mix                          eggMix
	sched                        cluster.SchedulingPolicy
	stickyKey                    cluster.StickyKey
	noDrain, keepTrying, modules bool

	execArgv   []string
	stdin      *os.File
	attributes *syscall.SysProcAttr
}

func (f *eggMasterFlags) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&f.node, "node", "node", "the node to run `PATH`")
	flags.StringVar(&f.agentNode, "agent-node", "", "the node to run the agent with, a `PATH` (default that of --node)")
	flags.Var(options.Value{Kind: "N=COMMAND", To: f.mix.add}, "mix",
		"N more workers behind the same ports: COMMAND is the PATH of another node for more app\nworkers, or a program by itself; may be repeated (default none)")
	flags.StringVar(&f.nodeArgs, "node-args", "", "arguments of node before its script, as one text (default none)")
	flags.Var(options.Value{Kind: "rr|none|reuseport|least", To: options.OneOf(&f.sched, eggPolicies()...)}, "sched",
		"who gets a connection without sticky (default rr, or NODE_CLUSTER_SCHED_POLICY)")
	flags.Var(options.Value{Kind: "KEY", To: options.StickyKey(&f.stickyKey)}, "sticky-key",
		"with sticky, what a client is known by: header:NAME, cookie:NAME or query:NAME of its\nfirst request, proxy-protocol, or sni of TLS (default: its address)")
	flags.BoolVar(&f.noDrain, "no-drain", false, "app workers that are to end are signalled at once, and requests are cut off")
	flags.BoolVar(&f.keepTrying, "keep-trying", false, "go on after half a minute without an agent or an app worker in production")
	flags.BoolVar(&f.modules, "esm", false, "run Egg 4's workers as ES modules")
	flags.StringVar(&f.folder, "cluster-package", "", "the folder of the package egg-cluster or @eggjs/cluster whose workers are run (default\nthat which the framework uses)")
}

// ownFlags are these flags alone.
func (f *eggMasterFlags) ownFlags() *pflag.FlagSet {
	flags := pflag.NewFlagSet(eggVariable, pflag.ContinueOnError)
	flags.Usage = func() {}
	f.addTo(flags)
	return flags
}

// runMaster runs a master with these options of startCluster until it has ended.
func (f *eggMasterFlags) runMaster(text []byte, from egg.OptionsFrom) error {
	supervise.KeepFromWorkers()
	settings, err := f.settings()
	if err != nil {
		return err
	}
	from.ExecArgv, from.Package, from.Modules = settings.ExecArgv, f.folder, from.Modules || f.modules
	settings.Log, settings.ErrorLog = stdio.Out, stdio.Err
	if text, err = callFramework(text, from, settings); err != nil {
		return statusError{statusFailed, err}
	}
	o, err := egg.ParseOptions(text, from)
	if err != nil {
		return statusError{statusFailed, err}
	}
	switch parent, err := nodeipc.Parent(nodeipc.Options{}); {
	case err == nil:
		defer parent.Close()
		settings.Parent = parent
	case !errors.Is(err, nodeipc.ErrNoChannel):
		return statusError{statusFailed, err}
	}
	master, err := egg.New(o, settings)
	if err != nil {
		return statusError{statusFailed, err}
	}
	stop := passSignals(master)
	defer stop()
	return eggFailure(master.Run(context.Background()))
}

// callFramework is egg.CallFramework until a signal ends it.
func callFramework(text []byte, from egg.OptionsFrom, settings egg.Settings) ([]byte, error) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM)
	defer stop()
	return egg.CallFramework(ctx, text, from, settings)
}

// passSignals has signals stop or reload the master. A pipe that nobody reads does not end it.
func passSignals(master *egg.Master) (stop func()) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	ended := make(chan struct{})
	go func() {
		for s := range signals {
			switch s := s.(syscall.Signal); s {
			case syscall.SIGPIPE:
			case syscall.SIGHUP:
				master.Reload()
			default:
				master.Stop(nodeipc.SignalName(s))
			}
		}
		close(ended)
	}()
	return func() {
		signal.Stop(signals)
		close(signals)
		<-ended
	}
}
