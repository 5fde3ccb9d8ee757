//go:build unix

package pool_test

import (
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// Options that make no sense are refused with the name of the field and what to use.
func TestOptionsThatMakeNoSense(t *testing.T) {
	nodetest.NoLeaks(t)
	for want, o := range map[string]pool.Options{
		`Options.Restart is "sometimes": use "always", "on-failure" or "never"`:  {Restart: "sometimes"},
		"Options.Instances is -1: use 1 or more":                                 {Instances: -1},
		"Options.WorkerMemory is -1: use a number of bytes, or 0 for 167772160":  {WorkerMemory: -1},
		"Options.Programs[1].Instances is -3: use 1 or more":                     {Programs: []pool.Program{{}, {Instances: -3}}},
		`Options.InstanceVar is "A=B": use a name without = in it`:               {InstanceVar: "A=B"},
		"Options.MinPause is -1ns: use a longer duration, or 0 for 100ms":        {MinPause: -1},
		"Options.MaxPause is -1s: use a longer duration, or 0 for 15s":           {MaxPause: -time.Second},
		"Options.Healthy is -1ns: use a longer duration, or 0 for 30s":           {Healthy: -1},
		"Options.KillTimeout is -1ns: use a longer duration, or 0 for 5s":        {KillTimeout: -1},
		"Options.MaxMemory is -1: use a number of bytes, or 0":                   {MaxMemory: -1},
		"Options.MaxLifetime is -1ns: use a longer duration, or 0":               {MaxLifetime: -1},
		"Options.MaxConnections is -1: use a number from 1 on, or 0":             {MaxConnections: -1},
		`Options.ReloadSchedule is "* * *": `:                                    {ReloadSchedule: "* * *"},
		"Options.Readiness: no check: set HTTPGet, TCPSocket or Exec":            {Readiness: &pool.Probe{}},
		"Options.Liveness: more than one check: use one of HTTPGet,":             {Liveness: &pool.Probe{TCPSocket: true, HTTPGet: &pool.HTTPGet{}}},
		"Options.Readiness: port 65536: use one from 1 to 65535":                 {Readiness: &pool.Probe{TCPSocket: true, Port: 65536}},
		"Options.Readiness: no command to run":                                   {Readiness: &pool.Probe{Exec: []string{}}},
		"Options.Liveness: success threshold 2: it has to be 1 for liveness":     {Liveness: &pool.Probe{TCPSocket: true, SuccessThreshold: 2}},
		"Options.Startup: success threshold 2: it has to be 1 for startup":       {Startup: &pool.Probe{TCPSocket: true, SuccessThreshold: 2}},
		"Options.MaxLag is -1ns: use a longer duration, or 0":                    {MaxLag: -1},
		"Options.ReplaceBlocked without Options.MaxLag":                          {ReplaceBlocked: true},
		"Options.LameDuck is -1ns: use a longer duration, or 0":                  {LameDuck: -1},
		"Options.MaxPause is 1s: use 1m0s, which is MinPause, or more":           {MinPause: time.Minute, MaxPause: time.Second},
		"Options.Autoscale is from 0 to 2 workers: use a Min of 1 or more":       {Autoscale: pool.Autoscale{Max: 2}},
		"Options.Autoscale is from 3 to 2 workers: use a Min of 1 or more":       {Autoscale: pool.Autoscale{Min: 3, Max: 2}},
		"Options.Instances is 4: use a number from 2 to 3, as Options.Autoscale": {Instances: 4, Autoscale: pool.Autoscale{Min: 2, Max: 3}},
		"Options.Autoscale.MaxLag is -1ns: use a longer duration, or 0 for 20ms": {Autoscale: pool.Autoscale{Min: 1, Max: 2, MaxLag: -1}},
		"Options.Autoscale.StabilizationWindow is -1ns: use a longer duration":   {Autoscale: pool.Autoscale{Min: 1, Max: 2, StabilizationWindow: -1}},
	} {
		p, err := pool.New(clustertest.Shell("exit 0"), o)
		if err == nil {
			p.Close()
			t.Errorf("%+v makes a pool, want %q", o, want)
		} else if text := err.Error(); !strings.HasPrefix(text, "pool: "+want) || strings.Contains(text, "\n") {
			t.Errorf("%+v: %q, want %q", o, text, want)
		}
	}
	if _, err := pool.New(cluster.Settings{SchedulingPolicy: "fair"}, pool.Options{}); err == nil || !strings.Contains(err.Error(), `"fair"`) {
		t.Errorf("an unknown policy: %v", err)
	}
}

// A program that says no number has one worker, and the options are the caller's to use again.
func TestProgramsHaveOneWorker(t *testing.T) {
	nodetest.NoLeaks(t)
	o := pool.Options{Instances: 1, Programs: []pool.Program{{Settings: clustertest.Shell("exit 0")}, {Instances: 2, Settings: clustertest.Shell("exit 0")}}}
	for range 2 {
		r := newRig(t, clustertest.Shell("exit 0"), o)
		if err := r.done(t); err != nil {
			t.Error(err)
		}
		r.Event(t, "exit", 4)
		if n := r.forks(); n != 4 {
			t.Errorf("%d workers, want 4", n)
		}
	}
	if o.Programs[0].Instances != 0 {
		t.Error("the pool has changed its caller's options")
	}
}

// A variable with a number is counted up by the number of the place. One of this process's environment is one too.
func TestIncrementVar(t *testing.T) {
	nodetest.NoLeaks(t)
	t.Setenv("COUNTED", "7")
	for name, c := range map[string]struct {
		env  []string
		want [2]string
	}{
		"own":        {[]string{"COUNTED=3000"}, [2]string{"3000", "3001"}},
		"inherited":  {nil, [2]string{"7", "8"}},
		"not one":    {[]string{"COUNTED=many"}, [2]string{"many", "many"}},
		"of several": {[]string{"COUNTED=1", "COUNTED=-1"}, [2]string{"-1", "0"}},
	} {
		t.Run(name, func(t *testing.T) {
			settings := clustertest.Shell(`echo "\"$COUNTED\"" >&3; read end <&3`)
			settings.Env = append(settings.Env, c.env...)
			r := newRig(t, settings, pool.Options{Instances: 2, IncrementVar: "COUNTED"})
			for i, want := range c.want {
				if o := r.Event(t, "message", i+1); string(o.Message) != strconv.Quote(want) {
					t.Errorf("instance %d: %s, want %q", i, o.Message, want)
				}
			}
		})
	}
}

// A worker finds the number of its place in its environment, which its successors keep and other programs continue.
func TestInstanceNumbers(t *testing.T) {
	nodetest.NoLeaks(t)
	says := func(program string) cluster.Settings {
		return clustertest.Shell(`echo "\"` + program + ` $NODECLUSTER_INSTANCE $OTHER\"" >&3; read end <&3; exit 1`)
	}
	r := newRig(t, says("first"), pool.Options{
		Instances: 2, InstanceVar: "OTHER", MinPause: time.Millisecond, Programs: []pool.Program{{Instances: 2, Settings: says("second")}},
	})
	expect := func(worker int, want string) {
		t.Helper()
		if o := r.Event(t, "message", worker); string(o.Message) != strconv.Quote(want) {
			t.Errorf("worker %d: %s, want %q", worker, o.Message, want)
		}
	}
	for i, want := range []string{"first 0 0", "first 1 1", "second 2 2", "second 3 3"} {
		expect(i+1, want)
	}
	for i, next := range []string{"first 1 1", "second 3 3", "first 1 1"} {
		if err := r.Worker([]int{2, 4, 5}[i]).Kill(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		expect(5+i, next)
	}
}
