package egg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/drain"
	"github.com/nodecluster/nodecluster/cluster/internal/firstbytes"
	"github.com/nodecluster/nodecluster/cluster/internal/outbox"
)

// An ExitError is why [Master.Run] has ended, where the master has given up. What has happened is in the lines that it has written.
type ExitError struct {
	// Code is the exit code that Egg's own master has then.
	Code int
}

// Error says what code it is.
func (e *ExitError) Error() string { return fmt.Sprintf("egg: the master ends with code %d", e.Code) }

// A Master runs one application: its agent and its app workers. Make one with [New], and run it with [Master.Run]. Its methods may be called from
// any goroutine.
type Master struct {
	settings  Settings
	options   *Options
	node      string // what runs the app workers, but for those of appNodes
	agentNode string
	appNodes  []appNode // by places
	keepers   []*keeper // of programs by themselves
	primary   *cluster.Primary
	log       *logger
	state     *state
	parent    *outbox.Outbox
	sticky    *sticky
	preload   drain.Preload     // of app workers
	find      firstbytes.Finder // what decides a client's app worker in sticky mode, nil for its address

	opened  chan struct{}   // closed once there is a primary
	ctx     context.Context // ends with the master
	cancel  context.CancelFunc
	tasks   sync.WaitGroup // the goroutines that read from processes
	endings sync.WaitGroup // those that wait for a process to end
	keeping sync.WaitGroup // those of keepers
	leaving chan struct{}  // closed when the keepers' workers are to leave
	ran     bool

	eventMessages atomic.Int64 // messages of app workers that are events, for which no move was made yet

	moving sync.Mutex // held while a move is made, which state and the next six are for
	begun  bool
	ports  map[int]bool // of TCP, on which workers have listened
	batch  batch
	asked  []func()      // moves that were asked for before Run
	over   chan struct{} // closed by the last move
	code   int
}

// New makes a master, which starts nothing before [Master.Run]. It fails where there is no Node, and for a sticky key that cannot be.
func New(o *Options, s Settings) (*Master, error) {
	node, err := findNode(s.Node)
	if err != nil {
		return nil, fmt.Errorf("egg: %w", err)
	}
	find, err := o.stickyFinder(s.StickyKey)
	if err != nil {
		return nil, fmt.Errorf("egg: %w", err)
	}
	if s.Stdin == nil {
		s.Stdin = os.Stdin
	}
	if s.Stdout == nil {
		s.Stdout = os.Stdout
	}
	if s.Stderr == nil {
		s.Stderr = os.Stderr
	}
	if s.Log == nil {
		s.Log = s.Stdout
	}
	if s.ErrorLog == nil {
		s.ErrorLog = s.Stderr
	}
	if o.nodeEnv == "production" {
		s.Env = append([]string{"NO_DEPRECATION=*"}, s.Env...)
	}
	m := &Master{
		settings: s, options: o, node: node, find: find, opened: make(chan struct{}), leaving: make(chan struct{}), over: make(chan struct{}),
		ports: map[int]bool{},
	}
	m.preload.KillTimeout, m.preload.Behind = m.appTimeout(), keepChannel
	if m.agentNode = node; s.AgentNode != "" {
		if m.agentNode, err = findNode(s.AgentNode); err != nil {
			return nil, fmt.Errorf("egg: %w", err)
		}
	}
	if err := m.mix(o); err != nil {
		return nil, err
	}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	return m, nil
}

func (m *Master) appSettings() cluster.Settings {
	return cluster.Settings{
		Exec: m.options.release.appScript(), Args: []string{string(m.options.text())}, ExecPath: m.node, ExecArgv: m.settings.ExecArgv,
		Env: m.settings.Env, Stdin: m.settings.Stdin, Stdout: m.settings.Stdout, Stderr: m.settings.Stderr, SysProcAttr: m.settings.SysProcAttr,
		SchedulingPolicy: m.settings.SchedulingPolicy, HoldListeners: true, Runtime: cluster.RuntimeNode, LagPeriod: m.settings.LagPeriod,
		OnMessage: m.passOn,
	}
}

// Run starts the agent, then the app workers, and keeps them running until [Master.Stop], or until ctx ends, which kills them. It returns nil after a
// stop, an [*ExitError] where the master has given up, ctx's error, and an error where package cluster makes no primary. It may be called once.
func (m *Master) Run(ctx context.Context) error {
	if m.ran {
		return errors.New("egg: Run was called before")
	}
	m.ran = true
	primary, err := cluster.NewPrimary(m.appSettings())
	if err != nil {
		m.cancel()
		return fmt.Errorf("egg: %w", err)
	}
	m.primary = primary
	close(m.opened)
	m.log = newLogger(m.settings.Log, m.settings.ErrorLog, os.Getenv)
	defer m.log.close()
	defer m.close()
	version, err := m.nodeVersion(ctx)
	if err != nil {
		return err
	}
	if err := m.writePidFile(); err != nil {
		return err
	}
	defer m.removePidFile()
	m.begin(version)
	return m.await(ctx)
}

// begin makes the first moves.
func (m *Master) begin(nodeVersion string) {
	m.moving.Lock()
	defer m.moving.Unlock()
	m.prepare()
	m.state.banner(nodeVersion)
	m.tasks.Go(m.readEvents)
	if m.settings.Parent != nil {
		m.tasks.Go(m.readParent)
	}
	m.state.begin()
	m.begun = true
	for _, move := range m.asked {
		m.make(move)
	}
	m.asked = nil
}

// prepare makes what the moves are made on.
func (m *Master) prepare() {
	m.state = newState(m.options, m)
	m.state.pid = os.Getpid()
	m.state.hostname, _ = os.Hostname()
	m.state.host = os.Getenv("HOST")
	m.state.keepsTrying = m.settings.KeepTrying
	m.state.observe = func(e Event) {
		m.observeBeside(e)
		if m.settings.Observe != nil {
			m.settings.Observe(e)
		}
	}
	if m.settings.Parent != nil {
		m.parent = m.outbox(m.settings.Parent, func() string { return "parent" })
	}
}

// await waits for the last move.
func (m *Master) await(ctx context.Context) error {
	select {
	case <-m.over:
	case <-ctx.Done():
		return fmt.Errorf("egg: %w", context.Cause(ctx))
	}
	l := levelInfo
	if m.code == 0 {
		m.keeping.Wait() // whose workers may have requests still
	} else {
		l = levelError
		m.letGo()
	}
	m.log.add(l, fmt.Sprintf("[master] exit with code:%d", m.code))
	if m.code != 0 {
		return &ExitError{m.code}
	}
	return nil
}

// do makes a move, unless the master has ended. The caller's goroutine makes it, so that what a process has said is passed on by the goroutine that
// has read it, and no other is woken.
func (m *Master) do(move func()) {
	m.moving.Lock()
	defer m.moving.Unlock()
	if !m.begun {
		m.asked = append(m.asked, move)
		return
	}
	m.make(move)
}

// make makes a move. The caller holds moving.
func (m *Master) make(move func()) {
	if m.state.phase != over && m.ctx.Err() == nil {
		move()
	}
}

// Stop has the app workers answer the requests that they have and end, and then the agent. The name is that of a signal, for the log. It does not
// wait, and a second call changes nothing.
func (m *Master) Stop(signal string) {
	m.do(func() { m.state.signal(signal, memoryLines()) })
}

// Reload replaces all app workers, one after the other, the new one first: no request is lost. It does not wait. If a new one fails in its start,
// those that were not replaced go on.
func (m *Master) Reload() { m.do(func() { m.state.askReload() }) }

// close frees everything, and ends what still runs.
func (m *Master) close() {
	m.moving.Lock()
	m.cancel()
	m.moving.Unlock()
	if m.sticky != nil {
		m.sticky.close()
	}
	m.primary.Close()
	if m.state != nil {
		if agent, ok := m.state.agent.(*agentProcess); ok {
			agent.Close()
			agent.Signal(os.Kill)
		}
	}
	m.keeping.Wait()
	m.endings.Wait()
	m.tasks.Wait()
	m.preload.Close()
}
