package pool

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
)

// InstanceVariable is the variable of a worker's environment that has the number of its place in the pool.
const InstanceVariable = "NODECLUSTER_INSTANCE"

// RestartPolicy says which workers of a pool have successors.
type RestartPolicy string

const (
	// RestartOnFailure: those that were killed, exited with another code than 0 or broke their channel, unless they were
	// asked to leave. It is the default.
	RestartOnFailure RestartPolicy = "on-failure"
	// RestartAlways: all.
	RestartAlways RestartPolicy = "always"
	// RestartNever: none.
	RestartNever RestartPolicy = "never"
)

// What the zero values of Options stand for.
const (
	DefaultMinPause    = 100 * time.Millisecond
	DefaultMaxPause    = 15 * time.Second
	DefaultHealthy     = 30 * time.Second
	DefaultMaxRestarts = 16
	DefaultKillTimeout = 5 * time.Second

	DefaultWorkerMemory int64 = 160 << 20
)

// Options say how a pool keeps its workers. The zero value of a field is its default.
type Options struct {
	// Instances is how many workers of the pool's settings there are. By default there is one for each CPU that the process may run on,
	// but no more than its CPU quota has whole CPUs, and than its memory limit has room for, and 1 at least. The limits are those of
	// the process's control groups on Linux, which a container has; [Pool.Sizing] says which of them it was. When a limit changes
	// on Linux, the number follows within seconds, as by [Pool.Scale], until that is called. Where memory has a limit, workers of Node
	// share it, however many they are: see [Sizing].
	Instances int
	// WorkerMemory is how many bytes of memory a worker is taken to need where there is a limit, [DefaultWorkerMemory] by default. A
	// tenth of the limit and 30 MiB are not for workers, and those of Programs count as the others do. It limits nothing itself.
	WorkerMemory int64
	// Programs are further workers, of other programs, behind the same ports.
	Programs []Program
	// InstanceVar is the name of a further variable that has what [InstanceVariable] has, such as PM2's NODE_APP_INSTANCE. There
	// is none by default: other software may read that one for its own purposes, as node-config does.
	InstanceVar string
	// IncrementVar is the name of a variable with a whole number, of Settings.Env or else of this process's environment, which each worker
	// gets with the number of its place added, such as a PORT of its own. Where there is no such number, workers get the variable as it is.
	IncrementVar string
	// Outputs gives each worker an output of its own, in place of Stdout and Stderr of its settings, unless those are Silent. It is called
	// with the worker's instance number before each fork, and must not block. Its error fails the fork.
	Outputs func(instance int) (Output, error)
	// Spare is how many loaded workers of the pool's settings wait on standby, as cluster.Settings.Standby has it, beside the instances;
	// none by default. When an instance is to have a successor, one of them takes over at once: a death costs the time to notice it, and
	// not that of a start. It needs to listen on what a new worker of a reload has to. Another one is started then, after the pause that
	// the successor would have had, and is ready when it listens, within Reload.ListenTimeout. A reload and a restart replace spares too.
	//
	// A spare has an instance number of its own, which it keeps when it takes over: a process cannot be given another one. The next
	// spare has the number of the worker that has ended. So each number has one process, as ever, but which of them serve changes. On
	// standby a program does all but serve: its timers run. A program that listens on ports by its number cannot have spares: the ports of
	// a spare's number answer nobody.
	//
	// There are no spares with [RestartNever], nor before the program has listened for the first time. They are among [Pool.Workers], they
	// have their part of the memory in [Sizing], and Scale does not count them.
	Spare int
	// Restart says which workers have successors, [RestartOnFailure] by default.
	Restart RestartPolicy
	// MinPause is how long a successor waits after the first failure in a row, [DefaultMinPause] by default. The pause
	// doubles with each further failure, up to MaxPause, which is [DefaultMaxPause] by default, or MinPause if that is longer.
	MinPause, MaxPause time.Duration
	// Healthy is how long a worker must have lived for its end to be the first failure in a row again; [DefaultHealthy] by
	// default.
	Healthy time.Duration
	// MaxRestarts is how many failures in a row have a successor: [DefaultMaxRestarts] by default, none if it is negative.
	// That a worker is killed from outside (SIGKILL, SIGTERM and the like) is no failure of the program: its successor comes
	// after MinPause, and it does not count.
	MaxRestarts int
	// StopExitCodes are exit codes that are no failure, and that no successor follows, whatever Restart says.
	StopExitCodes []int
	// KillTimeout is how long Shutdown has before it kills workers; [DefaultKillTimeout] by default. A worker that goes on without its
	// channel has as long to end by itself, and as long again when it is told to.
	KillTimeout time.Duration
	// Reload says when a worker is ready that the pool starts by itself beside another, or that Scale and Restart start. Its WaitReady is for
	// the first workers too: see [InstanceStarting].
	Reload ReloadOptions
	// Reread gives the settings that a reload or a restart is to start workers with: those of the pool's own, and then those of each of
	// Programs, in this order. Its error, which is to say what is wrong, fails the reload before anything has happened. By
	// default workers are started with the settings as they were. It is called on the goroutine of the reload's caller. The fields of
	// settings that are a primary's are not read.
	Reread func() ([]cluster.Settings, error)

	// MaxMemory is how many bytes of memory (RSS) a worker's process may use, without its children's. One that was seen to use more three
	// times, a second apart, is replaced: new first, as [Pool.ReloadOne] does it, and one at a time. If the new one fails, the worker goes
	// on, an [cluster.ErrorEvent] says so once, and it is tried again later and later. By default there is no limit. Only Linux
	// tells it: elsewhere New fails with an error that matches [errors.ErrUnsupported].
	MaxMemory int64
	// MaxLifetime is after how long a worker is replaced, as for MaxMemory. Each worker gets a time of its own between 90 % of it and all
	// of it, so that workers that were started together are not replaced together. By default workers live on.
	MaxLifetime time.Duration
	// MaxConnections is after how many connections of clients a worker is replaced, as for MaxMemory, within a second: it has had a few
	// more by then. The primary counts them as it hands them out, under [cluster.SchedRR] and [cluster.SchedLeast]. With another policy,
	// under which nobody counts them, New fails. By default there is no limit.
	MaxConnections int
	// ReloadSchedule is a cron expression: at the times that it names the pool is reloaded, as [Pool.Reload] does it with the options in
	// Reload, unless a reload is under way then. It has five fields (minute, hour, day of the month, month, day of the week) or six, with
	// seconds before them, or is a word such as @daily or "@every 6h". The times are local ones, or those of a zone, as in
	// "CRON_TZ=Europe/Berlin 0 4 * * *". When clocks are put forward, a time that is left out is left out. When they are put back, a time
	// that comes twice counts twice. A reload that fails is an [cluster.ErrorEvent]. By default there is none.
	ReloadSchedule string
	// NoMemoryGuard leaves it to the kernel what happens when memory runs out. By default, where Linux limits the memory of the process's
	// control groups, the pool acts before: once nine tenths of a limit are in use, without the page cache, it replaces the worker that
	// uses the most: new first where there is room for another, and else old first. So it goes on until less is in use. It acts from eight
	// tenths on where memory grows so fast that it would be too late then. Where that is not so, it rests for 10 s to 5 min after it has
	// helped, longer each time. A worker is left alone that uses less than half as much again as a new one does: the memory is another's
	// then, and an [cluster.ErrorEvent] says so.
	NoMemoryGuard bool
	// NoDrain leaves it to Node how a worker that leaves ends its HTTP connections, in a race with requests on their way. By default Node
	// workers load a script before their program that drains them: see "How Node workers drain" above.
	NoDrain bool

	// Startup is for a program that is slow to start. Before a worker has passed the probe once, Readiness and Liveness are not checked,
	// and it gets no connections, as Readiness has it. Once it has passed, Startup is not checked any more. One that has failed
	// FailureThreshold times in a row has had Period times as long, and is replaced as one whose Liveness fails; a successor that has is
	// given up. A reload waits for a new worker no longer than ListenTimeout all the same. By default a worker has started when it listens.
	Startup *Probe
	// Readiness keeps connections from a worker that is not ready: it gets none from the start until the probe has succeeded, and none
	// while it fails, as [cluster.Worker.SuspendConnections] says. A successor is not ready before, so that a release whose check fails
	// ends the reload. While no worker is ready, clients wait. By default a worker is ready when it listens.
	//
	// Under [cluster.SchedNone] nothing keeps connections from a worker, and a worker on Deno or Bun cannot be checked but by Exec: it is
	// taken for healthy. An [cluster.ErrorEvent] tells of each once.
	Readiness *Probe
	// Liveness has a worker replaced whose probe fails, new first. If the successor fails, the worker goes on, an ErrorEvent says so, and
	// it is tried again later and later, until the probe succeeds. A successor has to pass it once before it is ready, if there is no
	// Readiness.
	Liveness *Probe
	// MaxLag is for how long a worker's event loop may stand still. One that has not moved for longer is blocked, and gets no connections
	// until it moves again. It needs [cluster.Worker.BlockedFor], which only Linux has: elsewhere New fails with an error that matches
	// [errors.ErrUnsupported]. By default nothing is measured for it.
	MaxLag time.Duration
	// ReplaceBlocked has a worker that is blocked replaced too, as one whose Liveness fails.
	ReplaceBlocked bool
	// LameDuck is how long Shutdown goes on taking connections, while [Pool.Ready] says no, before it asks the workers to leave. It is for
	// load balancers that take a while to notice. KillTimeout begins after it. By default there is no such time.
	LameDuck time.Duration
	// Routes take messages of workers, each what it matches, the first one that matches. Other readers get the messages too, such as
	// [Pool.Next], but for those of a [Relay]: [Pool.RouteOf] tells which are a route's.
	Routes []Route
	// Autoscale has the number of workers follow the load, if its Max is not 0. Instances is then how many there are in the beginning, Min
	// by default, and the limits are not followed. The lag of the workers is measured each second, unless the settings have a LagPeriod. It
	// goes on after a call of [Pool.Scale]. New fails where the system is not Linux.
	Autoscale Autoscale
}

// Program is a number of workers of one program in a pool.
type Program struct {
	// Instances is how many there are, 1 by default.
	Instances int
	// Settings are theirs. The scheduling policy, the balancer, the serialization, HoldListeners and HoldWhenLeaving are the pool's.
	Settings cluster.Settings
}

// complete checks the options and sets the defaults.
func (o *Options) complete() error {
	switch o.Restart {
	case "":
		o.Restart = RestartOnFailure
	case RestartOnFailure, RestartAlways, RestartNever:
	default:
		return fmt.Errorf("pool: Options.Restart is %q: use %q, %q or %q", o.Restart, RestartAlways, RestartOnFailure, RestartNever)
	}
	if o.Instances < 0 {
		return fmt.Errorf("pool: Options.Instances is %d: use 1 or more, or 0 for as many as the limits allow", o.Instances)
	}
	if o.Spare < 0 {
		return fmt.Errorf("pool: Options.Spare is %d: use a number from 0 on", o.Spare)
	}
	if o.Restart == RestartNever {
		o.Spare = 0
	}
	if o.WorkerMemory < 0 {
		return fmt.Errorf("pool: Options.WorkerMemory is %d: use a number of bytes, or 0 for %d", o.WorkerMemory, DefaultWorkerMemory)
	}
	setDefault(&o.WorkerMemory, DefaultWorkerMemory)
	o.Programs = slices.Clone(o.Programs)
	for i := range o.Programs {
		if n := o.Programs[i].Instances; n < 0 {
			return fmt.Errorf("pool: Options.Programs[%d].Instances is %d: use 1 or more, or 0 for 1", i, n)
		}
		setDefault(&o.Programs[i].Instances, 1)
	}
	if strings.ContainsAny(o.InstanceVar, "=\x00") {
		return fmt.Errorf("pool: Options.InstanceVar is %q: use a name without = in it", o.InstanceVar)
	}
	setDefault(&o.MaxRestarts, DefaultMaxRestarts)
	if err := o.Reload.complete("Options.Reload"); err != nil {
		return fmt.Errorf("pool: %w", err)
	}
	if err := cmp.Or(o.checkRecycling(), o.checkSchedule(), o.checkHealth(), o.completeAutoscale()); err != nil {
		return fmt.Errorf("pool: %w", err)
	}
	return o.completeDurations()
}

// instanceEnv are the variables of the workers in a place.
func (o *Options) instanceEnv(place int) []string {
	number := strconv.Itoa(place)
	env := []string{InstanceVariable + "=" + number}
	if o.InstanceVar != "" {
		env = append(env, o.InstanceVar+"="+number)
	}
	return env
}

// incremented is the variable that is counted up, for the workers in a place, and nil if there is none.
func (o *Options) incremented(place int, settings *cluster.Settings) []string {
	if o.IncrementVar == "" {
		return nil
	}
	value := os.Getenv(o.IncrementVar)
	for _, v := range settings.Env {
		if name, text, _ := strings.Cut(v, "="); name == o.IncrementVar {
			value = text
		}
	}
	n, err := strconv.Atoi(value)
	if err != nil {
		return nil
	}
	return []string{o.IncrementVar + "=" + strconv.Itoa(n+place)}
}

func (o *Options) completeDurations() error {
	for _, d := range []struct {
		name  string
		value *time.Duration
		usual time.Duration
	}{
		{"MinPause", &o.MinPause, DefaultMinPause},
		{"MaxPause", &o.MaxPause, max(DefaultMaxPause, o.MinPause)},
		{"Healthy", &o.Healthy, DefaultHealthy},
		{"KillTimeout", &o.KillTimeout, DefaultKillTimeout},
	} {
		if *d.value < 0 {
			return fmt.Errorf("pool: Options.%s is %v: use a longer duration, or 0 for %v", d.name, *d.value, d.usual)
		}
		setDefault(d.value, d.usual)
	}
	if o.MaxPause < o.MinPause {
		return fmt.Errorf("pool: Options.MaxPause is %v: use %v, which is MinPause, or more", o.MaxPause, o.MinPause)
	}
	return nil
}

func setDefault[T int | int64 | time.Duration](v *T, to T) {
	if *v == 0 {
		*v = to
	}
}
