package pool

import (
	"fmt"
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
	// the process's control groups on Linux, which a container has; [Pool.Sizing] says which of them it was. A limit that changes later
	// changes nothing. Where memory has a limit, workers of Node share it, however many they are: see [Sizing].
	Instances int
	// WorkerMemory is how many bytes of memory a worker is taken to need where there is a limit, [DefaultWorkerMemory] by default. A
	// tenth of the limit and 30 MiB are not for workers, and those of Programs count as the others do. It limits nothing itself.
	WorkerMemory int64
	// Programs are further workers, of other programs, behind the same ports.
	Programs []Program
	// InstanceVar is the name of a further variable that has what [InstanceVariable] has, such as PM2's NODE_APP_INSTANCE. There
	// is none by default: other software may read that one for its own purposes, as node-config does.
	InstanceVar string
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
	// KillTimeout is how long Shutdown has before it kills workers; [DefaultKillTimeout] by default. A worker that goes on without its
	// channel has as long to end by itself, and as long again when it is told to.
	KillTimeout time.Duration
	// Reload says when a worker is ready that the pool starts by itself beside another, or that Scale and Restart start.
	Reload ReloadOptions
	// Reread gives the settings that a reload or a restart is to start workers with: those of the pool's own, and then those of each of
	// Programs, in this order. Its error, which is to say what is wrong, fails the reload before anything has happened. By
	// default workers are started with the settings as they were. It is called on the goroutine of the reload's caller. The fields of
	// settings that are a primary's are not read.
	Reread func() ([]cluster.Settings, error)
	// NoDrain leaves it to Node how a worker that leaves ends its HTTP connections, in a race with requests on their way. By default Node
	// workers load a script before their program that drains them: see "How Node workers drain" above.
	NoDrain bool
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
