package egg

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// Settings are how a master runs an application, beside the [Options] that the application knows of. The zero value is as Egg's own master does it,
// but for what the package's documentation says.
type Settings struct {
	// Node is the program that runs the agent and the app workers; "node" as PATH has it by default.
	Node string
	// ExecArgv are Node's arguments before the script.
	ExecArgv []string
	// Env are variables as "K=V" on top of the environment.
	Env []string
	// Parent is the channel to the process that has started this one, as nodeipc.Parent opens it; nil if there is none. It stays the caller's, and
	// nobody else may receive from it.
	Parent *nodeipc.Channel
	// Stdin, Stdout and Stderr are the streams of agent and app workers, as os/exec has them, but for nil, which is this process's. They must be
	// files or safe to call from several goroutines.
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Log and ErrorLog take the master's own lines; Stdout and Stderr by default. A writer that blocks delays nobody.
	Log, ErrorLog io.Writer
	// SysProcAttr is what agent and app workers are started with.
	SysProcAttr *syscall.SysProcAttr
	// SchedulingPolicy says who gets a connection without sticky; NODE_CLUSTER_SCHED_POLICY decides by default.
	SchedulingPolicy cluster.SchedulingPolicy
	// NoDrain has app workers that are to end be signalled at once, so that the requests that they have are cut off.
	NoDrain bool
	// KeepTrying has the master go on in production when it has been without an agent or without an app worker for half a minute. By default it ends
	// with exit code 1 then.
	KeepTrying bool
}

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
	settings Settings
	options  *Options
	node     string
	primary  *cluster.Primary
	log      *logger
	state    *state
	parent   *outbox
	sticky   *sticky

	moves   chan func()
	ctx     context.Context // ends with the master
	cancel  context.CancelFunc
	tasks   sync.WaitGroup // the goroutines that read from processes
	endings sync.WaitGroup // those that wait for a process to end
	code    int
	ran     bool
}

// New makes a master, which starts nothing before [Master.Run]. It fails where there is no Node, and where package cluster makes no primary.
func New(o *Options, s Settings) (*Master, error) {
	node, err := findNode(s.Node)
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
	m := &Master{settings: s, options: o, node: node, moves: make(chan func(), 64)}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	m.primary, err = cluster.NewPrimary(m.appSettings())
	if err != nil {
		m.cancel()
		return nil, fmt.Errorf("egg: %w", err)
	}
	return m, nil
}

func (m *Master) appSettings() cluster.Settings {
	return cluster.Settings{
		Exec: m.options.release.appScript(), Args: []string{string(m.options.text())}, ExecPath: m.node, ExecArgv: m.settings.ExecArgv,
		Env: m.settings.Env, Stdin: m.settings.Stdin, Stdout: m.settings.Stdout, Stderr: m.settings.Stderr, SysProcAttr: m.settings.SysProcAttr,
		SchedulingPolicy: m.settings.SchedulingPolicy, HoldListeners: true, Runtime: cluster.RuntimeNode,
	}
}

// findNode is the absolute path of node, since a program sees by which name it was started.
func findNode(name string) (string, error) {
	if name == "" {
		name = "node"
	}
	path, err := exec.LookPath(name)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return "", fmt.Errorf("node: %w", err)
	}
	if self, err := os.Executable(); err == nil && isSame(path, self) {
		return "", fmt.Errorf("node: %s is this program: have PATH lead to Node's own, or say where it is", path)
	}
	return path, nil
}

func isSame(a, b string) bool {
	x, err := os.Stat(a)
	y, err2 := os.Stat(b)
	return err == nil && err2 == nil && os.SameFile(x, y)
}

// Run starts the agent, then the app workers, and keeps them running until [Master.Stop], or until ctx ends, which kills them. It returns nil after a
// stop, an [*ExitError] where the master has given up, and ctx's error. It may be called once.
func (m *Master) Run(ctx context.Context) error {
	if m.ran {
		return errors.New("egg: Run was called before")
	}
	m.ran = true
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
	m.prepare()
	m.state.banner(version)
	m.tasks.Go(m.readEvents)
	if m.settings.Parent != nil {
		m.tasks.Go(m.readParent)
	}
	m.state.begin()
	return m.loop(ctx)
}

// prepare makes what the moves are made on.
func (m *Master) prepare() {
	m.state = newState(m.options, m)
	m.state.pid = os.Getpid()
	m.state.hostname, _ = os.Hostname()
	m.state.host = os.Getenv("HOST")
	m.state.keepsTrying = m.settings.KeepTrying
	if m.settings.Parent != nil {
		m.parent = m.outbox(m.settings.Parent, func() string { return "parent" })
	}
}

// loop makes one move after the other.
func (m *Master) loop(ctx context.Context) error {
	for m.state.phase != over {
		select {
		case move := <-m.moves:
			move()
		case <-ctx.Done():
			return fmt.Errorf("egg: %w", context.Cause(ctx))
		}
	}
	l := levelInfo
	if m.code != 0 {
		l = levelError
		m.letGo()
	}
	m.log.add(l, fmt.Sprintf("[master] exit with code:%d", m.code))
	if m.code != 0 {
		return &ExitError{m.code}
	}
	return nil
}

// do has a move made, unless the master has ended.
func (m *Master) do(move func()) {
	select {
	case m.moves <- move:
	case <-m.ctx.Done():
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
	m.cancel()
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
	m.endings.Wait()
	m.tasks.Wait()
}

func (m *Master) nodeVersion(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, m.node, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("egg: %s --version: %w", m.node, err)
	}
	return strings.TrimSpace(string(out)), nil
}

func (m *Master) writePidFile() error {
	if m.options.pidFile == "" {
		return nil
	}
	err := os.MkdirAll(filepath.Dir(m.options.pidFile), 0o777)
	if err == nil {
		err = os.WriteFile(m.options.pidFile, []byte(fmt.Sprint(os.Getpid())), 0o666)
	}
	if err != nil {
		return fmt.Errorf("egg: pidFile: %w", err)
	}
	return nil
}

func (m *Master) removePidFile() {
	if m.options.pidFile == "" {
		return
	}
	if err := os.Remove(m.options.pidFile); err != nil && !errors.Is(err, os.ErrNotExist) {
		m.log.add(levelError, "[master] delete pidFile "+m.options.pidFile+" fail with "+err.Error())
	}
}

// readEvents has the primary's events lead to moves.
func (m *Master) readEvents() {
	for event := range m.primary.Events(m.ctx) {
		switch e := event.(type) {
		case cluster.MessageEvent:
			m.do(func() { m.withApp(e.Worker, func(p *appWorker) { m.state.appSaid(p, e.Message.Payload()) }) })
		case cluster.ListeningEvent:
			at := address{host: e.Address.Address, port: e.Address.Port, isPath: e.Address.AddressType == "-1"}
			m.do(func() { m.withApp(e.Worker, func(p *appWorker) { m.state.appListens(p, at) }) })
		case cluster.DisconnectEvent:
			m.do(func() { m.withApp(e.Worker, func(p *appWorker) { m.state.appDisconnected(p) }) })
		case cluster.ExitEvent:
			m.do(func() { m.withApp(e.Worker, func(p *appWorker) { m.state.appEnded(p, e.Status) }) })
		case cluster.ListenErrorEvent:
			m.log.add(levelError, "[master] "+e.Err.Error())
		case cluster.ErrorEvent:
			m.log.add(levelError, "[master] "+e.Err.Error())
		}
	}
}

// withApp is for the process of a worker that the master still knows.
func (m *Master) withApp(w *cluster.Worker, do func(*appWorker)) {
	for _, a := range m.state.apps {
		if p, ok := a.appProcess.(*appWorker); ok && p.Worker == w {
			do(p)
			return
		}
	}
}

// readParent has the parent's messages lead to moves. The master goes on when the parent has left.
func (m *Master) readParent() {
	for {
		message, err := m.settings.Parent.Receive(m.ctx)
		if err != nil {
			return
		}
		if message.Handle != nil {
			message.Handle.Close()
		}
		m.do(func() { m.state.parentSaid(message.Payload()) })
	}
}

// outbox is that of a channel. name says whose it is.
func (m *Master) outbox(channel sender, name func() string) *outbox {
	return &outbox{channel: channel, ctx: m.ctx, writers: &m.tasks, unread: func(dropped int) {
		if dropped == 0 {
			m.log.add(levelError, "[master] "+name()+" does not read its messages, further ones are dropped")
			return
		}
		m.log.add(levelError, fmt.Sprintf("[master] %s reads its messages again, %d were dropped", name(), dropped))
	}}
}

// The following are what the moves do.

func (m *Master) now() time.Time { return time.Now() }

func (m *Master) after(d time.Duration, move func()) {
	m.tasks.Go(func() {
		select {
		case <-time.After(d):
			m.do(move)
		case <-m.ctx.Done():
		}
	})
}

func (m *Master) logText(l level, text string) { m.log.add(l, text) }

// tellParent sends the parent a message. Who reads it may look for lines that were written before.
func (m *Master) tellParent(message json.RawMessage) {
	if m.parent != nil {
		m.log.flush()
		m.parent.Tell(message)
	}
}

func (m *Master) finish(code int) { m.code = code }
