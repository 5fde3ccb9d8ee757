//go:build unix

package cluster_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/google/go-cmp/cmp"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// processFacts are what an agent says of its process.
type processFacts struct {
	ID, UID, GID   int
	DebugPort      int
	Cwd            string
	Argv, ExecArgv []string
	Channel        []string
	Env            map[string]*string
}

func factsOf(t *testing.T, d clustertest.Driver, worker int, env ...string) (facts processFacts) {
	t.Helper()
	raw := clustertest.AskRaw(t, d, worker, clustertest.Command{"do": "process", "env": append([]string{}, env...)})
	if err := json.Unmarshal(raw, &facts); err != nil {
		t.Fatal(err)
	}
	return facts
}

func TestSettings(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		t.Parallel()
		folder, err := filepath.EvalSymlinks(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		settings := clustertest.AgentSettings(t, node)
		settings.Cwd, settings.Args = folder, []string{"one", "two words"}
		settings.ExecArgv = []string{"--no-warnings"}
		settings.Env = []string{"SET=settings", "BOTH=settings"}
		r := clustertest.NewRig(t, settings)
		r.Ready(r.MustFork("BOTH=fork", "FORK=fork"))
		got := factsOf(t, r, 1, "SET", "BOTH", "FORK", "NONE")
		word := func(s string) *string { return &s }
		want := processFacts{
			ID: 1, UID: os.Getuid(), GID: os.Getgid(), DebugPort: 9229, Cwd: folder,
			Argv: settings.Args, ExecArgv: settings.ExecArgv, Channel: []string{},
			Env: map[string]*string{"SET": word("settings"), "BOTH": word("fork"), "FORK": word("fork"), "NONE": nil},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("want (-), got (+):\n%s", diff)
		}
		settings.Args = []string{"other"}
		r.Setup(settings)
		r.Ready(r.MustFork())
		if got := factsOf(t, r, 2).Argv; !slices.Equal(got, settings.Args) {
			t.Errorf("after another setup the arguments are %q", got)
		}
		if n := len(r.All()); r.All()[0].Event != "setup" || n == 0 {
			t.Errorf("the first event is %v, want setup", r.All()[0])
		}
	})
}

// Setup replaces what it can, and leaves what is read once.
func TestSetupReplacesSettings(t *testing.T) {
	nodetest.NoLeaks(t)
	r := clustertest.NewRig(t, cluster.Settings{SchedulingPolicy: cluster.SchedSticky, Exec: "first.js", Args: []string{"first"}})
	r.Setup(cluster.Settings{SchedulingPolicy: cluster.SchedNone, Serialization: "other", Args: []string{"second"}})
	got := r.Settings()
	if got.SchedulingPolicy != cluster.SchedSticky || r.SchedulingPolicy() != cluster.SchedSticky || got.Serialization == "other" {
		t.Errorf("policy %q and serialization %q after Setup", got.SchedulingPolicy, got.Serialization)
	}
	if got.Exec != "" || !slices.Equal(got.Args, []string{"second"}) {
		t.Errorf("program %q with %q after Setup", got.Exec, got.Args)
	}
}

func TestProfilesHaveFilesOfTheirOwn(t *testing.T) {
	nodetest.NoLeaks(t)
	settings := clustertest.AgentSettings(t, nodetest.Default(t))
	settings.Cwd, settings.ExecArgv = t.TempDir(), []string{"--prof"}
	r := clustertest.NewRig(t, settings)
	r.Ready(r.MustFork())
	if got, want := factsOf(t, r, 1).ExecArgv, []string{"--prof", "--logfile=v8-%p.log"}; !slices.Equal(got, want) {
		t.Errorf("execArgv %q, want %q", got, want)
	}
}

// Root may have workers of another user, and every user may have workers of that user.
func TestCredentials(t *testing.T) {
	nodetest.NoLeaks(t)
	uid, gid := uint32(os.Getuid()), uint32(os.Getgid())
	if uid == 0 {
		uid, gid = 65534, 65533
	}
	r := clustertest.NewRig(t, cluster.Settings{
		ExecPath: "/bin/sh", Args: []string{"-c", `echo $(id -u) $(id -g)`}, Silent: true, UID: &uid, GID: &gid, Cwd: "/",
	})
	w := r.MustFork()
	defer w.Stdin().Close()
	defer w.Stdout().Close()
	defer w.Stderr().Close()
	got, err := bufio.NewReader(w.Stdout()).ReadString('\n')
	if want := fmt.Sprintln(uid, gid); err != nil || got != want {
		t.Errorf("the worker is %q, %v, want %q", got, err, want)
	}
	r.Event(t, "exit", 1)
}

func TestSettingsThatMakeNoSense(t *testing.T) {
	nodetest.NoLeaks(t)
	if _, err := cluster.NewPrimary(cluster.Settings{SchedulingPolicy: "random"}); err == nil || !strings.Contains(err.Error(), `"random"`) {
		t.Errorf("policy random: %v, want an error that names it", err)
	}
	if _, err := cluster.NewPrimary(cluster.Settings{Serialization: "jsn"}); err == nil || !strings.Contains(err.Error(), `"jsn"`) || strings.Contains(err.Error(), "\n") {
		t.Errorf("serialization jsn: %v, want an error that names it", err)
	}
	ours := func(cluster.Address) cluster.Balancer { return nil }
	if _, err := cluster.NewPrimary(cluster.Settings{SchedulingPolicy: cluster.SchedNone, NewBalancer: ours}); err == nil || !strings.Contains(err.Error(), "NewBalancer") {
		t.Errorf("a balancer where the kernel chooses: %v, want an error that names it", err)
	}
	r := clustertest.NewRig(t, cluster.Settings{})
	if _, err := r.Fork(); err == nil || !strings.Contains(err.Error(), "Exec") {
		t.Errorf("fork of nothing: %v, want an error that names Exec", err)
	}
}

func TestSchedulingPolicyOfTheEnvironment(t *testing.T) {
	nodetest.NoLeaks(t)
	for variable, want := range map[string]cluster.SchedulingPolicy{
		"rr": cluster.SchedRR, "none": cluster.SchedNone, "sticky": cluster.SchedSticky, "": cluster.SchedRR, "other": cluster.SchedRR,
	} {
		t.Setenv("NODE_CLUSTER_SCHED_POLICY", variable)
		if got := clustertest.NewRig(t, cluster.Settings{}).SchedulingPolicy(); got != want {
			t.Errorf("NODE_CLUSTER_SCHED_POLICY=%q: %q, want %q", variable, got, want)
		}
		if got := clustertest.NewRig(t, cluster.Settings{SchedulingPolicy: cluster.SchedNone}).SchedulingPolicy(); got != cluster.SchedNone {
			t.Errorf("NODE_CLUSTER_SCHED_POLICY=%q and the settings' none: %q", variable, got)
		}
	}
}
