package egg

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// observer keeps what a master tells, and what each place prints.
type observer struct {
	folder string

	mu     sync.Mutex
	events []string
	forked map[int][]int // the ids of processes by their places
	opened int
	closed int
}

// adjust has a master tell the observer.
func (o *observer) adjust(s *Settings) { s.Observe, s.Outputs = o.take, o.output }

func (o *observer) take(event Event) {
	text := ""
	switch e := event.(type) {
	case PhaseEvent:
		text = string(e.Phase)
	case AgentEvent:
		text = "agent " + string(e.Step)
	case ReloadEvent:
		if text = "reload begins"; e.Ended {
			text = fmt.Sprintf("reload ends %v %v", e.Replaced, e.Err)
		}
	case AppEvent:
		switch e := e.Event.(type) {
		case cluster.ForkEvent:
			text = "app fork"
		case cluster.ExitEvent:
			text = fmt.Sprintf("app exit %t", e.Worker.ExitedAfterDisconnect())
		case cluster.MessageEvent:
			text = "app message"
		}
	}
	if text != "" {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.events = append(o.events, text)
	}
}

func (o *observer) list() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.events)
}

// await waits until an event was told of so many times.
func (o *observer) await(t *testing.T, event string, times int) {
	t.Helper()
	count := func() (n int) {
		for _, e := range o.list() {
			if strings.HasPrefix(e, event) {
				n++
			}
		}
		return n
	}
	if !clustertest.Eventually(func() bool { return count() >= times }) {
		t.Fatalf("%q was not told %d times: %q", event, times, o.list())
	}
}

// output is a file of a place.
func (o *observer) output(place int) (Output, error) {
	f, err := os.OpenFile(o.path(place), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.opened++
	return &observedOutput{o, place, f}, err
}

func (o *observer) path(place int) string { return filepath.Join(o.folder, fmt.Sprint(place)) }

type observedOutput struct {
	*observer
	place int
	file  *os.File
}

func (o *observedOutput) Streams() (stdout, stderr io.Writer) { return o.file, o.file }

func (o *observedOutput) Started(id int) {
	o.Failed()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.forked[o.place] = append(o.forked[o.place], id)
}

func (o *observedOutput) Failed() {
	o.file.Close()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed++
}

func newObserver(t *testing.T) *observer {
	return &observer{folder: t.TempDir(), forked: map[int][]int{}}
}

func (r *rig) status() Status {
	r.t.Helper()
	status, err := r.Status(nodetest.Context(r.t))
	if err != nil {
		r.t.Fatal(err)
	}
	return status
}

// TestStatusOfAMaster follows an application from its start over deaths and reloads to its end.
func TestStatusOfAMaster(t *testing.T) {
	eachEgg(t, func(t *testing.T, egg string) {
		o := newObserver(t)
		r := startReady(t, egg, nil, map[string]string{"app/router.js": router + "\n" + `console.log('process ' + process.pid);`}, o.adjust)
		first := r.status()
		if first.Phase != PhaseRunning || first.Workers != 2 || !strings.HasPrefix(first.Address, "http://127.0.0.1:") ||
			!first.Agent.Ready || first.Agent.Starts != 1 || len(first.Apps) != 2 || len(first.Leaving) != 0 {
			t.Fatalf("it is %+v", first)
		}
		for i, a := range first.Apps {
			if a.Place != i || !a.Ready || a.Worker == nil || a.StartedAt.IsZero() || a.Restarts != 0 || a.Successor != nil {
				t.Errorf("place %d is %+v", i, a)
			}
			r.awaitPrinted(o, i, fmt.Sprintf("process %d", a.Worker.Pid()))
		}
		if r.Waiting() != 0 {
			t.Errorf("%d connections wait", r.Waiting())
		}
		replaced, err := r.ReloadAndWait(nodetest.Context(t))
		if diff := cmp.Diff([]int{0, 1}, replaced); diff != "" || err != nil {
			t.Errorf("a reload gives %v, %v", replaced, err)
		}
		r.checkSuccession(o, first, r.status())
		r.Stop("SIGTERM")
		r.stopped()
		if _, err := r.Status(nodetest.Context(t)); !errors.Is(err, cluster.ErrClosed) {
			t.Errorf("after the end it says %v", err)
		}
		if _, err := r.ReloadAndWait(nodetest.Context(t)); !errors.Is(err, cluster.ErrClosed) {
			t.Errorf("after the end a reload gives %v", err)
		}
		if o.opened != o.closed {
			t.Errorf("of %d outputs %d were closed", o.opened, o.closed)
		}
		o.check(t)
	})
}

// awaitPrinted waits until a place has printed something, into its own file.
func (r *rig) awaitPrinted(o *observer, place int, text string) {
	r.t.Helper()
	if !clustertest.Eventually(func() bool {
		printed, err := os.ReadFile(o.path(place))
		return err == nil && strings.Contains(string(printed), text)
	}) {
		r.t.Errorf("place %d has not printed %q", place, text)
	}
}

// checkSuccession kills an app worker and the agent after a reload, and has another reload fail.
func (r *rig) checkSuccession(o *observer, first, second Status) {
	r.t.Helper()
	for i, a := range second.Apps {
		if !a.Ready || a.Worker == first.Apps[i].Worker || a.Restarts != 0 {
			r.t.Errorf("after a reload place %d is %+v", i, a)
		}
	}
	second.Apps[1].Worker.Kill(syscall.SIGKILL)
	o.await(r.t, "app exit false", 1)
	if !clustertest.Eventually(func() bool { a := r.status().Apps[1]; return a.Ready && a.Worker != second.Apps[1].Worker }) {
		r.t.Fatal("an app worker has no successor")
	}
	if a := r.status().Apps[1]; a.Restarts != 1 || a.Failures != 0 {
		r.t.Errorf("after a death place 1 is %+v", a)
	}
	syscall.Kill(second.Agent.Pid, syscall.SIGKILL)
	o.await(r.t, "agent start", 2)
	if a := r.status().Agent; !a.Ready || a.Starts != 2 || a.Pid == second.Agent.Pid {
		r.t.Errorf("after its death the agent is %+v", a)
	}
	if err := os.WriteFile(filepath.Join(r.app, "broken"), nil, 0o600); err != nil {
		r.t.Fatal(err)
	}
	replaced, err := r.ReloadAndWait(nodetest.Context(r.t))
	if len(replaced) != 0 || err == nil || !strings.Contains(err.Error(), "the new app worker of place 0 has failed in its start") {
		r.t.Errorf("a reload that cannot be gives %v, %v", replaced, err)
	}
}

// check compares the order of the events, in which those of app workers among themselves may differ.
func (o *observer) check(t *testing.T) {
	t.Helper()
	var got []string
	for _, e := range o.list() {
		if !strings.HasPrefix(e, "app") {
			got = append(got, e)
		}
	}
	want := []string{
		"agent fork", "agent start", "running", "reload begins", "reload ends [0 1] <nil>", "agent exit", "agent fork", "agent start",
		"reload begins", "reload ends [] the new app worker of place 0 has failed in its start", "stopping", "agent exit",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what was told (-want +got):\n%s", diff)
	}
	if o.list()[0] != "agent fork" || slices.Contains(o.list(), "app message") {
		t.Errorf("what was told is %q", o.list())
	}
	if n := len(o.forked[AgentPlace]); n != 2 {
		t.Errorf("%d agents had an output", n)
	}
	if n := len(o.forked[0]) + len(o.forked[1]); n != 6 {
		t.Errorf("%d app workers had an output", n)
	}
}

// TestReloadAndWaitOfAMasterThatStops does not wait for ever.
func TestReloadAndWaitOfAMasterThatStops(t *testing.T) {
	r := start(t, "egg3", map[string]any{"workers": 1}, nil)
	ended := make(chan error, 1)
	go func() {
		_, err := r.ReloadAndWait(nodetest.Context(t))
		ended <- err
	}()
	r.awaitOutput("agent_worker#1", 1)
	r.Stop("SIGTERM")
	if err := nodetest.Receive(t, ended, "end of a reload"); !errors.Is(err, cluster.ErrClosed) {
		t.Errorf("a reload before a stop gives %v", err)
	}
	r.stopped()
}
