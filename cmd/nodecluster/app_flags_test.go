package main

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/config"
	"github.com/spf13/pflag"
)

// Each field of a configuration is a flag of run, or one of those that say nothing of how an application is run.
func TestFieldsAreFlags(t *testing.T) {
	var f runFlags
	f.addTo(pflag.NewFlagSet("run", pflag.ContinueOnError))
	app := reflect.TypeFor[config.App]()
	for i := range app.NumField() {
		name, _, _ := strings.Cut(app.Field(i).Tag.Get("json"), ",")
		isFlag := f.flags.Lookup(strings.ReplaceAll(name, "_", "-")) != nil
		if !isFlag && !slices.Contains(notFlags, name) {
			t.Errorf("the field %s is no flag", name)
		}
	}
}

// runAlone are flags that say nothing of how an application is run, or are of PM2's and say something else or nothing.
var runAlone = []string{
	"log-format", "log-level", "no-autorestart", "no-autostart", "shutdown-with-message", "disable-logs", "force", "merge-logs", "no-treekill", "no-vizion", "no-pmx",
	"no-automation", "disable-trace", "disable-source-map-support", "source-map-support", "ext", "pid", "write", "execute-command", "attach", "no-daemon",
}

// Each flag of run is kept by start, in a field of the configuration.
func TestFlagsAreFields(t *testing.T) {
	var f runFlags
	f.addTo(pflag.NewFlagSet("run", pflag.ContinueOnError))
	f.flags.VisitAll(func(flag *pflag.Flag) {
		_, isField := fieldOf(reflect.ValueOf(&config.App{}).Elem(), flag.Name)
		if isField == slices.Contains(runAlone, flag.Name) {
			t.Errorf("--%s is a field: %t", flag.Name, isField)
		}
	})
}

// What flags say, a configuration says, and the other way around.
func TestFlagsAndConfigurations(t *testing.T) {
	n := 3
	c := config.App{
		Name: "api", Namespace: "shop", Script: "/srv/app.js", Node: "node", NodeArgs: config.Words{"--require", "two words"},
		Instances: "4", Mix: config.List{"2=/srv/z", "1=z b"}, Sched: "least", NoBatch: true, MinPort: 80, MaxConnections: 2_000_000, Watch: config.Watch{".", "src"}, IgnoreWatch: config.List{"a b"}, WatchDelay: "1s", Spare: 1,
		Env: config.Env{"A": "1", "B": "x=y z"}, MaxRestarts: &n, StopExitCodes: config.Codes{3, 4}, KillTimeout: "10s",
		Stop: "message", StopSignal: "SIGINT", MaxMemory: "300M", Cron: "0 4 * * *", Startup: "tcp", StartupTimeout: "2m", Readiness: "/healthz", Parallel: 2, Autoscale: "2-8",
	}
	args, err := flagsOf(c)
	if err != nil {
		t.Fatal(err)
	}
	var f runFlags
	f.addTo(pflag.NewFlagSet("run", pflag.ContinueOnError))
	if err := f.flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	got := config.App{Name: c.Name, Script: c.Script}
	if err := setFromFlags(&got, f.flags); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c, got); diff != "" {
		t.Error(diff)
	}
}
