//go:build unix

package pool_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cluster/worker"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func init() { clustertest.Programs["release"] = runRelease }

// runRelease is a worker of a release, which says when it listens which release and instance it is. FAULT says what is wrong with the
// release, and FAULTY which instance alone has that, if it is set.
func runRelease() error {
	self, err := worker.Join(context.Background())
	if err != nil {
		return err
	}
	instance, fault := os.Getenv(pool.InstanceVariable), os.Getenv("FAULT")
	if faulty := os.Getenv("FAULTY"); faulty != "" && faulty != instance {
		fault = ""
	}
	if fault == "throws" {
		return errors.New("bad")
	}
	l, err := self.Listen(self.Context(), "tcp", os.Getenv("LISTEN"))
	if err != nil {
		return err
	}
	context.AfterFunc(self.Context(), func() { l.Close() })
	if err := self.Send(self.Context(), os.Getenv("RELEASE")+" "+instance); err != nil {
		return err
	}
	if fault == "dies" {
		return errors.New("bad")
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			<-self.Done()
			return nil
		}
		conn.Close()
	}
}

// modelRuns is how many random sequences there are.
const modelRuns = 3

// poolModel is a pool, and what it is to have: so many instances, each of a release.
type poolModel struct {
	*rig
	t        *testing.T
	random   *rand.Rand
	port     int
	mu       sync.Mutex // of next
	next     []string   // the variables of the release that is reread
	count    int        // of the releases
	releases []string   // by the instance
	steps    []string   // what was done, for a test that fails
}

func newPoolModel(t *testing.T, seed uint64) *poolModel {
	m := &poolModel{t: t, random: rand.New(rand.NewPCG(seed, 0)), port: clustertest.FreePort(t)}
	m.publish("")
	m.releases = []string{m.name(), m.name()}
	m.rig = newRig(t, m.settings(), pool.Options{
		Instances: 2, Restart: pool.RestartAlways, MinPause: time.Millisecond, MaxPause: 2 * time.Millisecond, MaxRestarts: 1 << 20,
		Reread: func() ([]cluster.Settings, error) { return []cluster.Settings{m.settings()}, nil },
	})
	return m
}

// publish makes another release the one that is reread, and returns its name.
func (m *poolModel) publish(fault string, variables ...string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.count++
	m.next = append([]string{"RELEASE=" + m.name(), "FAULT=" + fault}, variables...)
	return m.name()
}

func (m *poolModel) name() string { return fmt.Sprint("release", m.count) }

func (m *poolModel) settings() cluster.Settings {
	m.mu.Lock()
	defer m.mu.Unlock()
	return cluster.Settings{
		ExecPath: os.Args[0], SchedulingPolicy: cluster.SchedRR,
		Env: slices.Concat(clustertest.AsProgram("release"), m.next, []string{"LISTEN=" + clustertest.Local(m.port)}),
	}
}

// all is a release for each of n instances.
func all(release string, n int) []string { return slices.Repeat([]string{release}, n) }

// expect waits until the pool has what it is to have.
func (m *poolModel) expect() {
	m.t.Helper()
	var want, got []string
	for i, release := range m.releases {
		want = append(want, fmt.Sprintf("%q", fmt.Sprint(release, " ", i)))
	}
	if !clustertest.Eventually(func() bool { got = m.serving(); return slices.Equal(got, want) }) {
		m.t.Fatalf("there are %v, want %v, after %s", got, want, strings.Join(m.steps, ", "))
	}
	m.isAnswered()
}

// serving are the releases and instances of the workers that there are, as they have said them.
func (m *poolModel) serving() (all []string) {
	said := map[int]string{}
	for _, o := range m.All() {
		if o.Event == "message" {
			said[o.Worker] = string(o.Message)
		}
	}
	for _, w := range m.Workers() {
		all = append(all, said[w.ID()])
	}
	slices.SortFunc(all, func(a, b string) int { return strings.Compare(instanceIn(a), instanceIn(b)) })
	return all
}

func instanceIn(said string) string { return said[strings.LastIndex(said, " ")+1:] }

// isAnswered checks that the port is open.
func (m *poolModel) isAnswered() {
	m.t.Helper()
	conn, err := net.Dial("tcp", clustertest.Local(m.port))
	if err != nil {
		m.t.Fatalf("%v after %s", err, strings.Join(m.steps, ", "))
	}
	conn.Close()
}

// expectError checks how a change has ended.
func (m *poolModel) expectError(err error, fails bool) {
	m.t.Helper()
	var failed *pool.InstanceError
	if (err != nil) != fails || fails && !errors.As(err, &failed) {
		m.t.Fatalf("it ended with %v after %s", err, strings.Join(m.steps, ", "))
	}
}

func (m *poolModel) options() pool.ReloadOptions {
	strategies := []pool.ReloadStrategy{pool.ReloadRolling, pool.ReloadSwitch}
	return pool.ReloadOptions{
		Strategy: strategies[m.random.IntN(len(strategies))], Bake: time.Millisecond, Parallel: 1 + m.random.IntN(3), ListenTimeout: clustertest.Patience,
	}
}

func (m *poolModel) instance() int { return m.random.IntN(len(m.releases)) }

// step does something, and notes what the pool is to have then.
func (m *poolModel) step() {
	moves := []func(){m.reload, m.reloadWhatFails, m.reloadOne, m.restart, m.scale, m.kill, m.killInReload, m.cancelReload, m.scaleInReload, m.leave}
	moves[m.random.IntN(len(moves))]()
	m.expect()
}

func (m *poolModel) note(format string, args ...any) {
	m.steps = append(m.steps, fmt.Sprintf(format, args...))
}

func (m *poolModel) reload() {
	release := m.publish("")
	m.note("reload to %s", release)
	report, err := m.Reload(clustertest.Patient(m.t), m.options())
	m.expectError(err, false)
	m.releases = all(release, len(m.releases))
	if len(report.Replaced) != len(m.releases) || len(report.Kept) > 0 {
		m.t.Errorf("the report is %+v after %s", report, strings.Join(m.steps, ", "))
	}
}

func (m *poolModel) reloadWhatFails() {
	fault, faulty := []string{"throws", "dies"}[m.random.IntN(2)], 0
	o := m.options()
	if fault == "throws" {
		faulty = m.instance()
	} else {
		o.Bake = time.Hour
	}
	m.publish(fault, fmt.Sprint("FAULTY=", faulty))
	m.note("reload what %s in instance %d", fault, faulty)
	_, err := m.Reload(clustertest.Patient(m.t), o)
	m.expectError(err, true)
	m.publish("") // so that no further reload has the fault
}

func (m *poolModel) reloadOne() {
	release, instance := m.publish(""), m.instance()
	m.note("reload instance %d to %s", instance, release)
	report, err := m.ReloadOne(clustertest.Patient(m.t), instance, m.options())
	m.expectError(err, false)
	m.releases[instance] = release
	if !slices.Equal(report.Replaced, []int{instance}) {
		m.t.Errorf("the report is %+v after %s", report, strings.Join(m.steps, ", "))
	}
}

func (m *poolModel) restart() {
	release := m.publish("")
	m.note("restart to %s", release)
	m.expectError(m.Restart(clustertest.Patient(m.t)), false)
	m.releases = all(release, len(m.releases))
}

// scale makes new instances of the release of the last reload of all.
func (m *poolModel) scale() {
	m.reload()
	n := 1 + m.random.IntN(4)
	m.note("scale to %d", n)
	m.expectError(m.Scale(clustertest.Patient(m.t), n), false)
	m.scaled(n)
}

func (m *poolModel) scaled(n int) { m.releases = all(m.releases[0], n) }

// one is a worker that runs.
func (m *poolModel) one() *cluster.Worker {
	workers := m.Workers()
	return workers[m.random.IntN(len(workers))]
}

func (m *poolModel) kill() {
	w := m.one()
	m.note("kill worker %d", w.ID())
	w.Kill(syscall.SIGKILL)
	nodetest.Receive(m.t, w.Gone(), "end of the worker")
}

func (m *poolModel) leave() {
	w := m.one()
	m.note("have worker %d leave", w.ID())
	w.Disconnect()
	nodetest.Receive(m.t, w.Gone(), "end of the worker")
}

// killInReload kills workers, of which some are new, in a reload. It is done, or all is as it was.
func (m *poolModel) killInReload() {
	release := m.publish("")
	m.note("reload to %s with kills", release)
	ended := make(chan error, 1)
	o := m.options()
	go func() {
		_, err := m.Reload(clustertest.Patient(m.t), o)
		ended <- err
	}()
	var killed []*cluster.Worker
	for range 1 + m.random.IntN(3) {
		time.Sleep(time.Duration(m.random.IntN(20)) * time.Millisecond)
		if workers := m.Workers(); len(workers) > 0 {
			w := workers[m.random.IntN(len(workers))]
			w.Kill(syscall.SIGKILL)
			killed = append(killed, w)
		}
	}
	for _, w := range killed {
		nodetest.Receive(m.t, w.Gone(), "end of the worker")
	}
	if err := <-ended; err == nil {
		m.releases = all(release, len(m.releases))
	} else {
		m.expectError(err, true)
	}
}

// cancelReload ends a reload wherever it is by then.
func (m *poolModel) cancelReload() {
	release := m.publish("")
	m.note("reload to %s, cancelled", release)
	ctx, cancel := context.WithTimeoutCause(clustertest.Patient(m.t), time.Duration(m.random.IntN(60))*time.Millisecond, errCancelled)
	defer cancel()
	report, err := m.Reload(ctx, m.options())
	switch {
	case err == nil || len(report.Replaced) == len(m.releases): // it is done, but for workers that leave
		m.releases = all(release, len(m.releases))
	case !errors.Is(err, errCancelled):
		m.t.Fatalf("it ended with %v after %s", err, strings.Join(m.steps, ", "))
	}
}

var errCancelled = errors.New("the model has cancelled it")

// scaleInReload scales while a reload is under way, after which it is done.
func (m *poolModel) scaleInReload() {
	release, n := m.publish(""), 1+m.random.IntN(4)
	m.note("reload to %s and scale to %d", release, n)
	ctx, o := clustertest.Patient(m.t), m.options()
	o.Wait = true
	var reloading sync.WaitGroup
	var err error
	reloading.Go(func() { _, err = m.Reload(ctx, o) })
	scaleErr := m.Scale(ctx, n)
	reloading.Wait()
	m.expectError(errors.Join(err, scaleErr), false)
	m.releases = all(release, n)
}

// Random sequences of all that changes a pool, with deaths in between: afterwards it has as many workers as it is to have, each with
// its number, all of the release that they are to be of, and nothing else.
func TestPoolModel(t *testing.T) {
	for range modelRuns {
		seed := rand.Uint64()
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			nodetest.NoLeaks(t)
			m := newPoolModel(t, seed)
			m.expect()
			descriptors := clustertest.OpenDescriptors(t)
			m.Scale(clustertest.Patient(t), 4)
			m.scaled(4)
			m.expect()
			for range 25 {
				m.step()
			}
			m.note("scale to 2")
			m.expectError(m.Scale(clustertest.Patient(t), 2), false)
			if !clustertest.Eventually(func() bool { return clustertest.OpenDescriptors(t) <= descriptors }) {
				t.Errorf("%d descriptors are open, before %d, after %s", clustertest.OpenDescriptors(t), descriptors, strings.Join(m.steps, ", "))
			}
		})
	}
}
