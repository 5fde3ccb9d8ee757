package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/egg"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/config"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/logs"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/options"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/supervise"
)

// isEgg reports whether an application is one of Egg's.
func isEgg(c config.App) bool { return c.Kind == "egg" }

// eggFields are those that the configuration of an Egg application may have.
var eggFields = []string{
	"name", "namespace", "kind", "script", "egg", "agent_node", "cwd", "node", "node_args", "instances", "mix", "sched", "sticky_key", "env", "env_file", "kill_timeout",
	"listen_timeout", "no_drain", "watch", "ignore_watch", "watch_delay", "out_file", "error_file", "log_file", "log_type", "time", "log_date_format",
	"log_max_size", "log_max_age", "log_max_files", "metrics", "autostart", "depends_on", "control_group",
}

// checkKind says which field of a configuration is not for its kind of application.
func checkKind(c config.App) error {
	if !isEgg(c) {
		for _, field := range []string{"egg", "agent_node"} {
			if slices.ContainsFunc(config.Settings(c), func(s config.Setting) bool { return strings.HasPrefix(s.Field+".", field+".") }) {
				return &config.FieldError{Field: field, Err: errors.New("it is for kind: egg")}
			}
		}
		return nil
	}
	for _, s := range config.Settings(c) {
		if name, _, _ := strings.Cut(s.Field, "."); !slices.Contains(eggFields, name) {
			return &config.FieldError{Field: name, Err: errors.New("it is for a pool, and not for kind: egg")}
		}
	}
	_, hasWorkers := c.Egg["workers"]
	switch {
	case hasWorkers && c.Instances != "":
		return &config.FieldError{Field: "instances", Err: errors.New("egg has workers, which is the same: leave one out")}
	case c.Sched == string(cluster.SchedSticky):
		return &config.FieldError{Field: "sched", Err: errors.New("sticky is an option of Egg's: write egg: {sticky: true}")}
	}
	return nil
}

// eggStartTimeout is how long an Egg application may take to start, as egg-scripts has it.
const eggStartTimeout = 5 * time.Minute

// eggApp is an Egg application as its supervisor runs it.
type eggApp struct {
	config config.App
	flags  *runFlags
}

// runEgg runs the application until it ends.
func (a *application) runEgg(f *runFlags, o *supervise.Options) (err error) {
	of := eggApp{a.config, f}
	if err := of.enter(); err != nil {
		return err
	}
	if f.metrics != "" {
		if o.Metrics, err = net.Listen("tcp", f.metrics); err != nil {
			return fmt.Errorf("--metrics: %w", err)
		}
	}
	if o.Watch, err = f.watched.begin(a.config.Cwd, f.log.OutFile, f.log.ErrorFile, f.log.LogFile); err != nil {
		return err
	}
	if o.Watch != nil {
		defer o.Watch.Close()
	}
	o.AppVersion = func() string { return supervise.VersionOf(filepath.Join(a.config.Script, "package.json")) }
	o.Compile, o.StartTimeout = nil, a.startTimeout()
	if o.Logs != nil {
		defer o.Logs.Close()
	}
	err = supervise.RunEgg(supervise.EggOptions{Options: *o, Program: of.program})
	if err != nil && o.Logs != nil {
		a.lastLines = lastEggLines(o.Logs, a.eggInstances(f))
	}
	return err
}

// lastEggLines are the last ones that the first app worker that has printed any has printed to standard error, or else the agent.
func lastEggLines(log *logs.Writer, workers int) []string {
	for place := range workers {
		if lines := log.LastLines(place); lines != nil {
			return lines
		}
	}
	return log.LastLines(egg.AgentPlace)
}

// enter has this process be where the application is, and have its variables, which the master reads as the agent and the app workers do.
func (a eggApp) enter() error {
	for name, value := range a.config.Env {
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("env: %s: %w", name, err)
		}
	}
	if d := a.flags.Pool.KillTimeout; d != 0 && os.Getenv(eggCloseTimeout) == "" {
		os.Setenv(eggCloseTimeout, strconv.FormatInt(d.Milliseconds(), 10))
	}
	return os.Chdir(a.config.Cwd)
}

// eggCloseTimeout is Egg's variable for how many milliseconds agent and app workers may take to end.
const eggCloseTimeout = "EGG_MASTER_CLOSE_TIMEOUT"

// program finds out what to run by now, with settings that say where lines go.
func (a eggApp) program(ctx context.Context, s egg.Settings) (*egg.Options, egg.Settings, error) {
	f := a.flags
	s.Node, s.AgentNode, s.ExecArgv = a.config.Node, a.config.AgentNode, f.Settings.ExecArgv
	s.SchedulingPolicy, s.StickyKey, s.NoDrain = f.Settings.SchedulingPolicy, f.Settings.StickyKey, f.Pool.NoDrain
	s.KeepTrying, s.SysProcAttr = true, options.OwnGroup()
	var mix eggMix
	for _, text := range a.config.Mix {
		if err := mix.add(text); err != nil {
			return nil, s, fmt.Errorf("mix: %s: %w", text, err)
		}
	}
	mixed, err := mix.find()
	if err != nil {
		return nil, s, err
	}
	s.Mixed = mixed
	variables, err := f.EnvFileVariables()
	if err != nil {
		return nil, s, err
	}
	if s.Env = variables; variableIn(s.Env, "NODE_ENV") == "" {
		s.Env = append(s.Env, "NODE_ENV=production") // as egg-scripts has it
	}
	text, err := json.Marshal(a.startOptions())
	if err != nil {
		return nil, s, err
	}
	ctx, cancel := context.WithTimeout(ctx, eggStartTimeout)
	defer cancel()
	from := egg.OptionsFrom{
		Dir: a.config.Script, ExecArgv: s.ExecArgv, Getenv: func(name string) string { return variableIn(s.Env, name) },
	}
	if text, err = egg.CallFramework(ctx, text, from, s); err != nil {
		return nil, s, err
	}
	o, err := egg.ParseOptions(text, from)
	return o, s, err
}

// startOptions are those of startCluster. Egg's tools know an application by its title.
func (a eggApp) startOptions() map[string]any {
	all := map[string]any{"title": a.config.Name}
	if n := a.flags.Pool.Instances; n > 0 {
		all["workers"] = n
	}
	for name, value := range a.config.Egg {
		all[name] = value
	}
	return all
}

// variableIn is the value of a variable of the environment, or of those beside it.
func variableIn(beside []string, name string) string {
	for _, v := range beside {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return os.Getenv(name)
}

// eggInstances are how many app workers an Egg application has.
func (a *application) eggInstances(f *runFlags) int {
	return cmp.Or(f.Pool.Instances, runtime.NumCPU())
}
