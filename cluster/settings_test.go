//go:build unix

package cluster_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

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

func factsOf(t *testing.T, d driver, worker int, env ...string) (facts processFacts) {
	t.Helper()
	raw := askRaw(t, d, worker, command{"do": "process", "env": append([]string{}, env...)})
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
		settings := agentSettings(t, node)
		settings.Cwd, settings.Args = folder, []string{"one", "two words"}
		settings.ExecArgv = []string{"--no-warnings"}
		settings.Env = []string{"SET=settings", "BOTH=settings"}
		settings.WindowsHide = true
		r := newRig(t, settings)
		r.ready(r.fork("BOTH=fork", "FORK=fork"))
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
		r.ready(r.fork())
		if got := factsOf(t, r, 2).Argv; !slices.Equal(got, settings.Args) {
			t.Errorf("after another setup the arguments are %q", got)
		}
		if n := len(r.all()); r.all()[0].Event != "setup" || n == 0 {
			t.Errorf("the first event is %v, want setup", r.all()[0])
		}
	})
}

// Each worker gets an inspector's port of its own, as under Node.
func TestInspectPorts(t *testing.T) {
	nodetest.NoLeaks(t)
	for _, c := range []struct {
		name     string
		execArgv []string
		ports    []int
	}{
		{"not asked for", nil, nil},
		{"counted up", []string{"--inspect-port=0"}, nil},
		{"given", []string{"--inspect-port=0"}, []int{9411, 9415}},
		{"any", []string{"--inspect=127.0.0.1:0"}, []int{0, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			node := nodetest.Default(t)
			settings := agentSettings(t, node)
			settings.ExecArgv = c.execArgv
			theirs := map[string]any{"exec": settings.Exec, "execArgv": append([]string{}, c.execArgv...)}
			if c.ports != nil {
				theirs["inspectPorts"] = c.ports
				ports := slices.Clone(c.ports)
				settings.InspectPort = func() int {
					defer func() { ports = ports[1:] }()
					return ports[0]
				}
			}
			see := func(d driver) (seen [][]string) {
				for range 2 {
					w := d.start()
					awaitReady(t, d.book(), w)
					seen = append(seen, factsOf(t, d, w).ExecArgv)
				}
				return seen
			}
			node1 := see(newNodePrimary(t, node, cluster.SchedRR, theirs))
			if diff := cmp.Diff(node1, see(newRig(t, settings))); diff != "" {
				t.Errorf("under Node's primary (-) and ours (+):\n%s", diff)
			}
		})
	}
}

// The inspector is asked for in NODE_OPTIONS as well.
func TestInspectPortsByEnvironment(t *testing.T) {
	nodetest.NoLeaks(t)
	t.Setenv("NODE_OPTIONS", "--no-warnings --inspect-port=0")
	r := newAgents(t, nodetest.Default(t), cluster.SchedRR, 2)
	for w, want := range []string{1: "--inspect-port=9230", 2: "--inspect-port=9231"} {
		if w == 0 {
			continue
		}
		if got := factsOf(t, r, w).ExecArgv; !slices.Equal(got, []string{want}) {
			t.Errorf("worker %d has %q, want %q", w, got, want)
		}
	}
}

func TestProfilesHaveFilesOfTheirOwn(t *testing.T) {
	nodetest.NoLeaks(t)
	settings := agentSettings(t, nodetest.Default(t))
	settings.Cwd, settings.ExecArgv = t.TempDir(), []string{"--prof"}
	r := newRig(t, settings)
	r.ready(r.fork())
	if got, want := factsOf(t, r, 1).ExecArgv, []string{"--prof", "--logfile=v8-%p.log"}; !slices.Equal(got, want) {
		t.Errorf("execArgv %q, want %q", got, want)
	}
}

func TestSilent(t *testing.T) {
	nodetest.NoLeaks(t)
	settings := cluster.Settings{
		ExecPath: "/bin/sh", Args: []string{"-c", `read line; echo "out $line"; echo "err $line" >&2`}, Silent: true,
	}
	r := newRig(t, settings)
	w := r.fork()
	defer w.Stdin().Close()
	defer w.Stdout().Close()
	defer w.Stderr().Close()
	if _, err := fmt.Fprintln(w.Stdin(), "hello"); err != nil {
		t.Fatal(err)
	}
	for want, stream := range map[string]io.Reader{"out hello\n": w.Stdout(), "err hello\n": w.Stderr()} {
		if got, err := io.ReadAll(stream); err != nil || string(got) != want {
			t.Errorf("printed %q, %v, want %q", got, err, want)
		}
	}
	r.event(t, "exit", 1)
}

func TestStandardStreams(t *testing.T) {
	nodetest.NoLeaks(t)
	var out, err output
	r := newRig(t, cluster.Settings{
		ExecPath: "/bin/sh", Args: []string{"-c", `read line; echo "out $line"; echo "err $line" >&2`},
		Stdin: strings.NewReader("hello\n"), Stdout: &out, Stderr: &err,
	})
	w := r.fork()
	if w.Stdin() != nil || w.Stdout() != nil || w.Stderr() != nil {
		t.Error("a worker that is not silent has pipes")
	}
	r.event(t, "exit", 1)
	if out.String() != "out hello\n" || err.String() != "err hello\n" {
		t.Errorf("printed %q and %q", &out, &err)
	}
}

// What a worker leaves running, and what has its standard output, does not hold up the news of its end.
func TestStandardStreamsOfGrandchildren(t *testing.T) {
	nodetest.NoLeaks(t)
	var out output
	r := newRig(t, cluster.Settings{ExecPath: "/bin/sh", Args: []string{"-c", `sleep 1000 & echo $!; exit 3`}, Stdout: &out})
	r.fork()
	if o := r.event(t, "exit", 1); o.Code != 3 {
		t.Errorf("%v, want code 3", o)
	}
	var grandchild int
	if _, err := fmt.Sscan(out.String(), &grandchild); err != nil {
		t.Fatalf("the worker printed %q: %v", &out, err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if err := syscall.Kill(grandchild, syscall.SIGKILL); err != nil {
		t.Errorf("the end of what the worker left running: %v", err)
	}
}

// Root may have workers that are somebody else, and anybody may name himself.
func TestCredentials(t *testing.T) {
	nodetest.NoLeaks(t)
	uid, gid := uint32(os.Getuid()), uint32(os.Getgid())
	if uid == 0 {
		uid, gid = 65534, 65533
	}
	r := newRig(t, cluster.Settings{
		ExecPath: "/bin/sh", Args: []string{"-c", `echo $(id -u) $(id -g)`}, Silent: true, UID: &uid, GID: &gid, Cwd: "/",
	})
	w := r.fork()
	defer w.Stdin().Close()
	defer w.Stdout().Close()
	defer w.Stderr().Close()
	got, err := bufio.NewReader(w.Stdout()).ReadString('\n')
	if want := fmt.Sprintln(uid, gid); err != nil || got != want {
		t.Errorf("the worker is %q, %v, want %q", got, err, want)
	}
	r.event(t, "exit", 1)
}

func TestSettingsThatMakeNoSense(t *testing.T) {
	nodetest.NoLeaks(t)
	if _, err := cluster.NewPrimary(cluster.Settings{SchedulingPolicy: "random"}); err == nil || !strings.Contains(err.Error(), `"random"`) {
		t.Errorf("policy random: %v, want an error that names it", err)
	}
	r := newRig(t, cluster.Settings{})
	if _, err := r.Fork(); err == nil || !strings.Contains(err.Error(), "Exec") {
		t.Errorf("fork of nothing: %v, want an error that names Exec", err)
	}
}

func TestSchedulingPolicyOfTheEnvironment(t *testing.T) {
	nodetest.NoLeaks(t)
	for variable, want := range map[string]cluster.SchedulingPolicy{
		"rr": cluster.SchedRR, "none": cluster.SchedNone, "": cluster.SchedRR, "other": cluster.SchedRR,
	} {
		t.Setenv("NODE_CLUSTER_SCHED_POLICY", variable)
		if got := newRig(t, cluster.Settings{}).SchedulingPolicy(); got != want {
			t.Errorf("NODE_CLUSTER_SCHED_POLICY=%q: %q, want %q", variable, got, want)
		}
		if got := newRig(t, cluster.Settings{SchedulingPolicy: cluster.SchedNone}).SchedulingPolicy(); got != cluster.SchedNone {
			t.Errorf("NODE_CLUSTER_SCHED_POLICY=%q and the settings' none: %q", variable, got)
		}
	}
}
