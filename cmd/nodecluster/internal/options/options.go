package options

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kballard/go-shellquote"
	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/spf13/pflag"
)

// Options are what the flags say: what workers are started with, and how they are kept running.
type Options struct {
	Settings cluster.Settings
	Pool     pool.Options
	health   healthFlags
	node     string
	mix      []mixed
	envFiles []envFile
	folder   string // in which paths are meant
	filter   envFilter
}

// AddTo adds the flags to a command's. Paths in them are meant from the working directory of now.
func (o *Options) AddTo(flags *pflag.FlagSet) {
	o.folder = startFolder()
	flags.SortFlags = false
	s, keep := &o.Settings, &o.Pool
	flags.VarP(Value{"N|auto", o.setInstances}, "instances", "i",
		"how many workers (default auto: one for each CPU, but no more than the quota of CPUs\nand the memory of a container allow); max is auto")
	flags.Var(Value{"SIZE", o.setWorkerMemory}, "worker-memory", "what auto takes a worker to need, as 512M or 1G (default 160M)")
	flags.Var(Value{"N=COMMAND", o.addMix}, "mix", "N more workers of another command behind the same ports; may be repeated (default none)")
	flags.Var(Value{"PROGRAM", o.setNode}, "node", "what runs SCRIPT (default node, as PATH has it)")
	flags.Var(Value{"ARGS", o.setNodeArgs}, "node-args", "its arguments before SCRIPT, split as a shell does (default none)")
	flags.Var(Value{"rr|none|reuseport|sticky|least", OneOf(&s.SchedulingPolicy, cluster.SchedulingPolicies()...)}, "sched",
		"who gets a connection: rr, workers in turns; none, who takes it from one socket;\nreuseport, whom the kernel chooses of one socket each; sticky, for one address always\nthe same; least, the least busy\n(default: NODE_CLUSTER_SCHED_POLICY, or else rr)")
	flags.Var(Value{"KEY", StickyKey(&s.StickyKey)}, "sticky-key",
		"under sticky, what a client is known by: header:NAME, cookie:NAME or query:NAME of its\nfirst request, proxy-protocol, or sni of TLS (default: its address)")
	flags.BoolVar(&s.NoBatch, "no-batch", false, "under rr, least and a sticky key, have the primary preempt the workers whose answers wake it, as any\nprogram does")
	flags.BoolVar(&s.NoSteal, "no-steal", false, "under reuseport, leave connections to a worker that is too busy to accept them")
	flags.Var(Value{"json|advanced", OneOf(&s.Serialization, nodeipc.JSON, nodeipc.Advanced)}, "serialization",
		"how messages to workers are written (default json)")
	flags.Var(Value{"SIZE", o.setMaxMessageSize}, "max-message-size",
		"how long a message of a worker may be, as 512K, 128M or 1G (default 64M);\na longer one ends its channel")
	flags.Var(Value{"FOLDER", o.setCwd}, "cwd", "the workers' working directory (default this one)")
	flags.Var(Value{"K=V", o.addEnv}, "env", "a variable of the workers' environment; may be repeated (default those of now)")
	flags.Var(Value{"FILE", o.addEnvFile}, "env-file", "variables of a file, as node --env-file reads them; --env wins over them, and so do\nvariables that are set already; may be repeated (default none)")
	flags.Var(Value{"NAME", o.filter.add}, "filter-env", "a variable of this environment that workers do not get; * stands for anything, and alone\nfor all; may be repeated (default none)")
	flags.Var(Value{"NAME", o.setInstanceVar}, "instance-var", "a further variable with the number of the worker's place, from 0 on,\nwhich NODECLUSTER_INSTANCE has in any case (PM2 has NODE_APP_INSTANCE; default none)")
	flags.Var(Value{"NAME", o.setIncrementVar}, "increment-var", "a variable with a number, such as PORT, that each worker gets with the number of its\nplace added (default none)")
	flags.Var(Value{"USER", setID(&s.UID, userID)}, "uid", "whom the workers run as, a number or a name; says nothing of the group (default you)")
	flags.Var(Value{"GROUP", setID(&s.GID, groupID)}, "gid", "the group that the workers run as, a number or a name (default yours)")
	flags.Var(Value{"PORT", o.setMinPort}, "min-port", "the lowest port that workers may listen on; 1024 is what users but root may\n(default 1)")
	flags.Var(Value{"always|on-failure|never", OneOf(&keep.Restart, pool.RestartAlways, pool.RestartOnFailure, pool.RestartNever)},
		"restart", "which workers have successors (default on-failure)")
	flags.Var(Value{"N", o.setMaxRestarts}, "max-restarts",
		"how many failures in a row have a successor (default 16); each waits longer,\nfrom 100ms to 15s, and 30s of health begin a new row")
	flags.Var(Value{"DURATION", SetDuration(&keep.Healthy)}, "min-uptime", "how long a worker must live for its failure to begin a new row (default 30s)")
	flags.Var(Value{"DURATION", SetDuration(&keep.MinPause)}, "restart-delay", "the shortest pause before a successor (default 100ms)")
	flags.Var(Value{"CODE", o.addStopExitCode}, "stop-exit-codes", "an exit code that is no failure and has no successor; may be repeated (default none)")
	flags.VarP(Value{"DURATION", SetDuration(&keep.KillTimeout)}, "kill-timeout", "k", "from asking workers to leave to killing them (default 5s)")
	flags.Var(Value{"disconnect|signal|message", OneOf(&s.StopMethod, cluster.StopDisconnect, cluster.StopBySignal, cluster.StopByMessage)}, "stop",
		"how workers are asked to leave: disconnect, they close their servers and finish\ntheir requests; signal, as a handler in the script does; message, as one of the message\n\"shutdown\" does (default disconnect)")
	flags.Var(Value{"SIGNAL", o.setStopSignal}, "stop-signal",
		"what a worker gets that goes on after that, or at once with --stop signal\n(default SIGTERM)")
	flags.Var(Value{"N", o.setSpare}, "spare", "how many loaded workers wait to take over at once from one that dies (default none)")
	flags.Var(Value{"rolling|switch", OneOf(&keep.Reload.Strategy, pool.ReloadRolling, pool.ReloadSwitch)}, "reload",
		"how a reload replaces workers: rolling, one after the other; switch, all in one moment,\nonce all new ones are loaded and ready (default rolling)")
	flags.Var(Value{"DURATION", SetDuration(&o.Pool.Reload.ListenTimeout)}, "listen-timeout",
		"how long a new worker of a reload may take to be ready (default 30s)")
	flags.BoolVar(&o.Pool.Reload.WaitReady, "wait-ready", false,
		"workers are ready when they have called process.send('ready'), and new workers of a\nreload not by listening on what the workers before them listen on")
	flags.Var(Value{"DURATION", SetDuration(&o.Pool.Reload.Bake)}, "bake",
		"how long the first new worker of a reload must stay well before the others are\nstarted (default 1s)")
	flags.Var(Value{"N", o.setParallel}, "parallel", "how many of the others are started at a time (default 1)")
	flags.BoolVar(&keep.NoDrain, "no-drain", false,
		"leave it to Node how a worker that leaves ends its HTTP connections, in a race with\nrequests on their way")
	o.addRecycling(flags)
	o.addHealth(flags)
}

// Value is a flag's value that a function takes. Kind is what the help calls it.
type Value struct {
	Kind string
	To   func(string) error
}

func (v Value) Set(s string) error { return v.To(s) }
func (v Value) Type() string       { return v.Kind }
func (v Value) String() string     { return "" }

// OneOf gives a flag's setter for a word out of a few.
func OneOf[T ~string](to *T, words ...T) func(string) error {
	return func(word string) error {
		if !slices.Contains(words, T(word)) {
			return fmt.Errorf("use one of %v", words)
		}
		*to = T(word)
		return nil
	}
}

func (o *Options) setNode(text string) error {
	if text == "" {
		return errors.New("use a program's name or path")
	}
	if text == "none" { // as PM2 has it: what is to run is a program by itself
		text = ""
	}
	o.node = text
	return nil
}

func (o *Options) setCwd(text string) error {
	info, err := os.Stat(text)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("there is no such folder")
	case err != nil:
		return err
	case !info.IsDir():
		return errors.New("it is not a folder")
	}
	o.Settings.Cwd = text
	return nil
}

func (o *Options) setNodeArgs(text string) (err error) {
	if o.Settings.ExecArgv, err = shellquote.Split(text); err != nil {
		return errors.New("a quote or a backslash is not complete")
	}
	return nil
}

func (o *Options) addEnv(text string) error {
	if name, _, ok := strings.Cut(text, "="); !ok || name == "" {
		return errors.New("use NAME=VALUE")
	}
	o.Settings.Env = append(o.Settings.Env, text)
	return nil
}

func (o *Options) setMinPort(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 65535 {
		return errors.New("use a number from 1 to 65535")
	}
	o.Settings.MinPort = n
	return nil
}

func (o *Options) setInstanceVar(name string) error {
	if name == "" || strings.Contains(name, "=") {
		return errors.New("use the name of a variable")
	}
	o.Pool.InstanceVar = name
	return nil
}

// StickyKey takes a sticky key.
func StickyKey(key *cluster.StickyKey) func(text string) error {
	return func(text string) error {
		if err := cluster.StickyKey(text).Check(); err != nil {
			return errors.New(strings.TrimPrefix(err.Error(), "cluster: "))
		}
		*key = cluster.StickyKey(text)
		return nil
	}
}

func (o *Options) setIncrementVar(name string) error {
	if name == "" || strings.Contains(name, "=") {
		return errors.New("use the name of a variable")
	}
	o.Pool.IncrementVar = name
	return nil
}

func (o *Options) addStopExitCode(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 255 {
		return errors.New("use an exit code from 0 to 255")
	}
	o.Pool.StopExitCodes = append(o.Pool.StopExitCodes, n)
	return nil
}

func (o *Options) setMaxRestarts(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return errors.New("use a number from 0 on")
	}
	o.Pool.MaxRestarts = n
	if n == 0 {
		o.Pool.MaxRestarts = -1
	}
	return nil
}

func (o *Options) setMaxMessageSize(text string) (err error) {
	o.Settings.MaxMessageSize, err = ParseSize(text)
	return err
}

// SetDuration gives a flag's setter for a duration. A number alone is in milliseconds, as PM2 has it.
func SetDuration(to *time.Duration) func(string) error {
	return func(text string) error {
		d, err := time.ParseDuration(text)
		if n, numberErr := strconv.ParseUint(text, 10, 32); numberErr == nil {
			d, err = time.Duration(n)*time.Millisecond, nil
		}
		if err != nil || d < 0 {
			return errors.New("use a duration such as 500ms, 10s or 2m, or a number of milliseconds")
		}
		// No time at all is not what the zero value means.
		*to = max(d, time.Nanosecond)
		return nil
	}
}

func (o *Options) setParallel(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return errors.New("use a number from 1 on")
	}
	o.Pool.Reload.Parallel = n
	return nil
}

func (o *Options) setStopSignal(text string) (err error) {
	o.Settings.StopSignal, err = SignalNamed(text)
	return err
}

// UsageError is a command line that makes no sense.
type UsageError struct{ message string }

func (e UsageError) Error() string { return e.message }

// workerSettings completes the settings with what is to run.
func (o *Options) workerSettings(script string, args []string) (cluster.Settings, error) {
	s := o.Settings
	s.Args = args
	if err := o.setProgram(&s, script); err != nil {
		return s, err
	}
	s.SysProcAttr = workerAttributes()
	return s, nil
}

// readyPatience is how much longer than until workers count as ready it is waited that are to say so.
const readyPatience = 5 * time.Second

// StartTimeout is how long workers may take to be ready when the application is started.
func (o *Options) StartTimeout() time.Duration {
	limit := max(o.Pool.Reload.ListenTimeout, pool.DefaultListenTimeout)
	if o.Pool.Startup != nil {
		limit += cmp.Or(o.health.startupTimeout, startupTimeout)
	}
	if o.Pool.Reload.WaitReady {
		limit += readyPatience // they count as ready at the end of the other
	}
	return limit
}
