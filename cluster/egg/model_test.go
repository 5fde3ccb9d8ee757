package egg

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// modelMoves is how long a random sequence is, and modelRuns how many there are.
const (
	modelMoves = 300
	modelRuns  = 200
)

// fakeWorld is a world without processes, in which what happens next is the test's to say.
type fakeWorld struct {
	t       *testing.T
	clock   time.Time
	timers  []fakeTimer
	pid     int
	ids     int
	agents  []*fakeProcess
	apps    []*fakeProcess
	parent  []string
	serving map[int]int // the pid by place
	broken  bool        // nothing can be forked
	code    int
	ended   bool
	stopped bool // the agent was told to end
}

type fakeTimer struct {
	at time.Time
	do func()
}

// fakeProcess is one that has not ended, and what it was told.
type fakeProcess struct {
	pid, id int
	index   int
	told    []string
	drained bool
	ready   bool
	gone    bool
}

func (p *fakeProcess) Pid() int                    { return p.pid }
func (p *fakeProcess) ID() int                     { return p.id }
func (p *fakeProcess) DebugPort() int              { return 0 }
func (p *fakeProcess) ExitedAfterDisconnect() bool { return p.drained }
func (p *fakeProcess) Tell(m json.RawMessage)      { p.told = append(p.told, string(m)) }

// last is the data of the last message with an action that it was told, "" if there was none.
func (p *fakeProcess) last(action string) string {
	for _, text := range slices.Backward(p.told) {
		if o, err := parseObject([]byte(text)); err == nil && decodeText(o.values["action"]) == action {
			return string(o.values["data"])
		}
	}
	return ""
}

func (w *fakeWorld) now() time.Time                { return w.clock }
func (w *fakeWorld) logText(level, string)         {}
func (w *fakeWorld) flushLog()                     {}
func (w *fakeWorld) tellParent(m json.RawMessage)  { w.parent = append(w.parent, string(m)) }
func (w *fakeWorld) drain(p appProcess)            { p.(*fakeProcess).drained = true }
func (w *fakeWorld) hasDrained(appProcess)         {}
func (w *fakeWorld) release(appProcess)            {}
func (w *fakeWorld) endAgent(process)              { w.stopped = true }
func (w *fakeWorld) appTimeout() time.Duration     { return time.Second }
func (w *fakeWorld) agentTimeout() time.Duration   { return time.Second }
func (w *fakeWorld) openSticky(p int) (int, error) { return p, nil }
func (w *fakeWorld) serve(index int, p appProcess) { w.serving[index] = p.Pid() }
func (w *fakeWorld) vacate(index int, _ bool)      { delete(w.serving, index) }

func (w *fakeWorld) after(d time.Duration, do func()) {
	w.timers = append(w.timers, fakeTimer{w.clock.Add(d), do})
}

func (w *fakeWorld) finish(code int) {
	if w.ended {
		w.t.Error("the master ends twice")
	}
	w.ended, w.code = true, code
}

func (w *fakeWorld) next() int { w.pid++; return w.pid }

func (w *fakeWorld) startAgent() (process, error) {
	if w.broken {
		return nil, errors.New("no agent")
	}
	a := &fakeProcess{pid: w.next()}
	w.agents = append(w.agents, a)
	return a, nil
}

func (w *fakeWorld) startApp(index int) (appProcess, error) {
	if w.broken {
		return nil, errors.New("no app")
	}
	w.ids++
	a := &fakeProcess{pid: w.next(), id: w.ids, index: index}
	w.apps = append(w.apps, a)
	return a, nil
}

// pass lets time pass until the first timer, and reports whether there was one.
func (w *fakeWorld) pass() bool {
	if len(w.timers) == 0 {
		return false
	}
	slices.SortStableFunc(w.timers, func(a, b fakeTimer) int { return a.at.Compare(b.at) })
	first := w.timers[0]
	w.timers = w.timers[1:]
	if first.at.After(w.clock) {
		w.clock = first.at
	}
	first.do()
	return true
}

// model is a master, and what it is to be like.
type model struct {
	*testing.T
	*fakeWorld
	s      *state
	random *rand.Rand
	steps  []string
	// waiting is how many wait for the end of a reload, and reloads how many go on by what is told.
	waiting, reloads int
}

func newModel(t *testing.T, seed uint64) *model {
	random := rand.New(rand.NewPCG(seed, 1))
	w := &fakeWorld{t: t, clock: time.Unix(1000, 0), pid: 100, serving: map[int]int{}}
	all, _ := parseObject([]byte(`{"clusterPort":7}`))
	o := &Options{all: all, workers: 1 + random.IntN(4), port: 7001, production: random.IntN(3) > 0, sticky: false}
	o.release.four = random.IntN(2) == 0
	m := &model{T: t, fakeWorld: w, random: random}
	m.s = newState(o, w)
	m.s.pid, m.s.keepsTrying = 99, true
	m.s.observe = func(e Event) {
		switch reload, isReload := e.(ReloadEvent); {
		case isReload && reload.Ended:
			m.reloads--
		case isReload:
			m.reloads++
		}
	}
	m.s.begin()
	return m
}

func (m *model) alive(processes []*fakeProcess, is func(*fakeProcess) bool) []*fakeProcess {
	var found []*fakeProcess
	for _, p := range processes {
		if !p.gone && is(p) {
			found = append(found, p)
		}
	}
	return found
}

func anyone(*fakeProcess) bool { return true }

// pick is one of several, nil of none.
func (m *model) pick(processes []*fakeProcess) *fakeProcess {
	if len(processes) == 0 {
		return nil
	}
	return processes[m.random.IntN(len(processes))]
}

func (m *model) step(format string, values ...any) {
	m.steps = append(m.steps, fmt.Sprintf(format, values...))
}

// boot has a process be ready.
func (m *model) boot(p *fakeProcess, isAgent bool) {
	m.step("%d is ready", p.pid)
	p.ready = true
	if isAgent {
		m.s.agentSaid(p, []byte(`{"action":"agent-start","to":"master"}`))
		return
	}
	m.s.appSaid(p, []byte(`{"action":"realport","to":"master","data":{"port":7001,"protocol":"http"}}`))
	m.s.appListens(p, address{port: 7001})
	m.s.appSaid(p, []byte(`{"action":"app-start","to":"master","data":{"address":{"address":"::","port":7001}}}`))
}

// die has a process end, which has disconnected before or not.
func (m *model) die(p *fakeProcess, isAgent bool) {
	m.step("%d ends", p.pid)
	p.gone = true
	if isAgent {
		m.s.agentEnded(p, nodeipc.ExitStatus{Code: 1})
		return
	}
	if m.random.IntN(2) == 0 {
		m.s.appDisconnected(p)
	}
	m.s.appEnded(p, nodeipc.ExitStatus{Code: 1})
}

// move has something happen.
func (m *model) move() {
	switch n := m.random.IntN(100); {
	case n < 25:
		if p := m.pick(m.alive(m.apps, func(p *fakeProcess) bool { return !p.ready && !p.drained })); p != nil {
			m.boot(p, false)
		}
	case n < 40:
		if p := m.pick(m.alive(m.agents, func(p *fakeProcess) bool { return !p.ready })); p != nil {
			m.boot(p, true)
		}
	case n < 50:
		if p := m.pick(m.alive(m.apps, func(p *fakeProcess) bool { return p.drained })); p != nil {
			m.die(p, false)
		}
	case n < 54 && (m.s.phase != starting || m.random.IntN(40) == 0):
		if p := m.pick(m.alive(m.apps, anyone)); p != nil {
			m.die(p, false)
		}
	case n < 57 && (m.s.phase != starting || m.random.IntN(40) == 0):
		if p := m.pick(m.alive(m.agents, anyone)); p != nil {
			m.die(p, true)
		}
	case n < 62:
		m.step("reload")
		m.waiting++
		m.s.awaitReload(func(ReloadEvent) { m.waiting-- })
	case n < 63 && m.random.IntN(4) == 0:
		m.step("stop")
		m.s.signal("SIGTERM", "")
	case n < 65 && m.s.phase == running:
		m.broken = !m.broken
		m.step("broken: %t", m.broken)
	case n < 80:
		m.step("time passes")
		m.pass()
	default:
		m.message()
	}
}

// say has an app worker say something. What is for the agent is passed on at once.
func (m *model) say(from *fakeProcess, toAgent bool, message string) {
	if passed := m.s.passOn(from, []byte(message)); passed != toAgent {
		m.t.Errorf("%s is passed on at once: %t, want %t", message, passed, toAgent)
	} else if !passed {
		m.s.appSaid(from, []byte(message))
	}
}

// message has somebody send a message, which has to reach those that it is for, and nobody else.
func (m *model) message() {
	from := m.pick(m.alive(m.apps, anyone))
	if from == nil {
		return
	}
	token := fmt.Sprintf("token%d", len(m.steps))
	m.step("%d says %s", from.pid, token)
	var want []int
	switch m.random.IntN(3) {
	case 0:
		m.say(from, false, fmt.Sprintf(`{"action":%q,"to":"app"}`, token))
		for _, p := range m.alive(m.apps, anyone) {
			want = append(want, p.pid)
		}
	case 1:
		m.say(from, true, fmt.Sprintf(`{"action":%q}`, token))
		for _, p := range m.alive(m.agents, anyone) {
			want = append(want, p.pid)
		}
	default:
		to := m.pick(m.alive(m.apps, anyone))
		m.say(from, false, fmt.Sprintf(`{"action":%q,"receiverPid":"%d"}`, token, to.pid))
		want = []int{to.pid}
	}
	var got []int
	for _, p := range slices.Concat(m.apps, m.agents) {
		if slices.ContainsFunc(p.told, func(text string) bool { return strings.Contains(text, token) }) {
			got = append(got, p.pid)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		m.Fatalf("%s has reached (-want +got):\n%s", token, diff)
	}
}

// check is what holds after each move.
func (m *model) check() {
	m.Helper()
	apps, agents := m.alive(m.apps, anyone), m.alive(m.agents, anyone)
	if m.reloads < 0 || m.reloads > 1 || m.s.phase == stoppingApps && (m.reloads > 0 || m.waiting > 0) {
		m.Errorf("%d reloads go on, for which %d wait", m.reloads, m.waiting)
	}
	if len(agents) > 1 {
		m.Errorf("there are %d agents", len(agents))
	}
	places := map[int]int{}
	for _, p := range apps {
		if !p.drained {
			places[p.index]++
		}
	}
	for index, n := range places {
		if n > 2 || index >= m.s.workers {
			m.Errorf("place %d has %d app workers", index, n)
		}
	}
	if m.ended && m.code == 0 && (len(apps) > 0 || len(agents) > 0) {
		m.Errorf("it has ended, and %d app workers and %d agents are left", len(apps), len(agents))
	}
	if m.s.phase != running {
		return
	}
	m.checkPids(apps, agents)
}

// checkPids compares what each was told last with who is there.
func (m *model) checkPids(apps, agents []*fakeProcess) {
	m.Helper()
	listening := []int{}
	for _, p := range apps {
		if p.ready {
			listening = append(listening, p.pid)
		}
	}
	agentPids := []int{}
	for _, a := range agents {
		if want := string(pidList(listening...)); a.ready && a.last("egg-pids") != want {
			m.Errorf("agent %d was told that %s listen, and it is %s", a.pid, a.last("egg-pids"), want)
		}
		if a.ready {
			agentPids = append(agentPids, a.pid)
		}
	}
	for _, p := range apps {
		if got := p.last("egg-pids"); p.ready && len(agentPids) > 0 && got != string(pidList(agentPids...)) {
			m.Errorf("app worker %d was told that the agent is %s, and it is %v", p.pid, got, agentPids)
		}
	}
}

// settle lets all that is to happen happen, without failures, and then everybody has to be there.
func (m *model) settle() {
	m.step("settles")
	m.broken = false
	for range 10000 {
		if p := m.pick(m.alive(m.agents, func(p *fakeProcess) bool { return !p.ready })); p != nil {
			m.boot(p, true)
		} else if p := m.pick(m.alive(m.apps, func(p *fakeProcess) bool { return p.drained })); p != nil {
			m.die(p, false)
		} else if p := m.pick(m.alive(m.apps, func(p *fakeProcess) bool { return !p.ready })); p != nil {
			m.boot(p, false)
		} else if !m.pass() {
			return
		}
	}
	m.Error("it never settles")
}

func (m *model) checkSettled() {
	m.Helper()
	m.check()
	if m.s.phase != running {
		return
	}
	apps := m.alive(m.apps, anyone)
	if len(m.alive(m.agents, anyone)) != 1 || m.s.production && len(apps) != m.s.workers {
		m.Errorf("there are %d app workers of %d, and %d agents", len(apps), m.s.workers, len(m.alive(m.agents, anyone)))
	}
	if m.s.reload.now != nil || m.s.reload.again {
		m.Error("a reload has not ended")
	}
	if m.waiting != 0 || m.reloads != 0 {
		m.Errorf("%d wait for a reload still, and %d go on", m.waiting, m.reloads)
	}
	for _, p := range apps {
		if m.serving[p.index] != p.pid {
			m.Errorf("place %d is served by %d, and the app worker is %d", p.index, m.serving[p.index], p.pid)
		}
	}
}

// TestModel makes random moves.
func TestModel(t *testing.T) {
	phases := map[phase]int{}
	for seed := range uint64(modelRuns) {
		m := newModel(t, seed)
		for range modelMoves {
			if m.ended {
				break
			}
			m.move()
			m.check()
			if t.Failed() {
				break
			}
		}
		phases[m.s.phase]++
		if !m.ended && !t.Failed() {
			m.settle()
			m.checkSettled()
		}
		if t.Failed() {
			t.Fatalf("seed %d: %s", seed, strings.Join(m.steps, "; "))
		}
	}
	if phases[running] < modelRuns/10 || phases[over] < modelRuns/10 {
		t.Errorf("the sequences have ended in phases %v", phases)
	}
}

// TestReloadNeverHasLess reloads without failures: at any time as many serve as are to.
func TestReloadNeverHasLess(t *testing.T) {
	m := newModel(t, 7)
	m.settle()
	before := m.alive(m.apps, anyone)
	m.s.askReload()
	m.s.askReload() // one more, afterwards
	for range 1000 {
		if serving := m.alive(m.apps, func(p *fakeProcess) bool { return p.ready && !p.drained }); len(serving) != m.s.workers {
			t.Fatalf("%d of %d serve", len(serving), m.s.workers)
		}
		if p := m.pick(m.alive(m.apps, func(p *fakeProcess) bool { return !p.ready })); p != nil {
			m.boot(p, false)
		}
	}
	if m.ids != 3*m.s.workers || !before[0].drained {
		t.Errorf("%d app workers were forked for 2 reloads of %d", m.ids, m.s.workers)
	}
}

// TestPausesGrow has a successor fail in its start again and again.
func TestPausesGrow(t *testing.T) {
	m := newModel(t, 7)
	m.s.production = true
	m.settle()
	m.die(m.alive(m.apps, anyone)[0], false)
	var pauses []time.Duration
	for range 8 {
		m.die(m.alive(m.apps, func(p *fakeProcess) bool { return !p.ready })[0], false)
		before := m.clock
		m.pass()
		pauses = append(pauses, m.clock.Sub(before))
	}
	s := time.Second
	if diff := cmp.Diff([]time.Duration{s, 2 * s, 4 * s, 8 * s, 16 * s, 30 * s, 30 * s, 30 * s}, pauses); diff != "" {
		t.Errorf("the pauses (-want +got):\n%s", diff)
	}
}

// TestGivesUp has no agent start any more: the master ends with code 1, when it has looked three times.
func TestGivesUp(t *testing.T) {
	m := newModel(t, 7)
	m.s.production, m.s.keepsTrying = true, false
	m.settleUntilRunning()
	m.broken = true
	m.die(m.alive(m.agents, anyone)[0], true)
	began := m.clock
	for !m.ended && m.pass() {
	}
	if !m.ended || m.code != 1 || m.clock.Sub(began) != 30*time.Second {
		t.Errorf("ended: %t, with code %d after %s", m.ended, m.code, m.clock.Sub(began))
	}
}

// settleUntilRunning has everybody start once.
func (m *model) settleUntilRunning() {
	for m.s.phase == starting {
		if p := m.pick(m.alive(m.agents, func(p *fakeProcess) bool { return !p.ready })); p != nil {
			m.boot(p, true)
		} else if p := m.pick(m.alive(m.apps, func(p *fakeProcess) bool { return !p.ready })); p != nil {
			m.boot(p, false)
		}
	}
}
