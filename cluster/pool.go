package cluster

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// RestartPolicy says which workers of a pool have successors.
type RestartPolicy string

const (
	// RestartOnFailure: those that were killed or exited with another code than 0, unless they were asked to
	// leave. It is the default.
	RestartOnFailure RestartPolicy = "on-failure"
	// RestartAlways: all.
	RestartAlways RestartPolicy = "always"
	// RestartNever: none.
	RestartNever RestartPolicy = "never"
)

// PoolSettings say how a pool keeps its workers. The zero value of a field is its default.
type PoolSettings struct {
	// Instances is how many workers there are; by default as many as there are CPUs.
	Instances int
	// Mix are further workers, of other programs, behind the same ports.
	Mix []Mix
	// Restart says which workers have successors.
	Restart RestartPolicy
	// MinPause is how long a successor waits after the first failure in a row, 100 ms by default. The pause
	// doubles with each further one, up to MaxPause, 15 s by default.
	MinPause, MaxPause time.Duration
	// Healthy is how long a worker must have lived for its end to be the first failure in a row again; 30 s by
	// default.
	Healthy time.Duration
	// MaxRestarts is how many failures in a row have a successor; 16 by default, none if it is negative. That a worker
	// which had come to listen is killed from outside (SIGKILL, SIGTERM and the like) is no failure of the program: its
	// successor comes after MinPause, and it does not count.
	MaxRestarts int
	// KillTimeout is how long workers that were asked to leave may take before they are killed; 5 s by default.
	KillTimeout time.Duration
}

// Mix is a number of workers of one program in a pool.
type Mix struct {
	Instances int
	Settings  Settings
}

func (s *PoolSettings) complete() error {
	switch s.Restart {
	case "":
		s.Restart = RestartOnFailure
	case RestartOnFailure, RestartAlways, RestartNever:
	default:
		return fmt.Errorf("cluster: restart policy %q is not known; use %q, %q or %q", s.Restart, RestartAlways, RestartOnFailure, RestartNever)
	}
	if s.Instances < 0 {
		return fmt.Errorf("cluster: a pool of %d workers; use 1 or more", s.Instances)
	}
	setDefault(&s.Instances, runtime.NumCPU())
	setDefault(&s.MinPause, 100*time.Millisecond)
	setDefault(&s.MaxPause, 15*time.Second)
	setDefault(&s.Healthy, 30*time.Second)
	setDefault(&s.MaxRestarts, 16)
	setDefault(&s.KillTimeout, 5*time.Second)
	return nil
}

func setDefault[T int | time.Duration](v *T, to T) {
	if *v == 0 {
		*v = to
	}
}

// A Pool is a primary that keeps a number of workers running. Make one with [NewPool] and end it with
// [Pool.Shutdown] and [Pool.Close].
type Pool struct {
	*Primary
	keep PoolSettings

	began time.Time
	slots []*slot
	ended endings
	stop  chan struct{}
	once  sync.Once
	done  chan struct{}
	err   error
}

// NewPool makes a pool that has not started yet. While restarts are on, listening sockets without workers stay
// open, so that clients wait for the next worker rather than being refused.
func NewPool(settings Settings, keep PoolSettings) (*Pool, error) {
	if err := keep.complete(); err != nil {
		return nil, err
	}
	settings.HoldListeners = settings.HoldListeners || keep.Restart != RestartNever
	primary, err := NewPrimary(settings)
	if err != nil {
		return nil, err
	}
	p := &Pool{Primary: primary, keep: keep, stop: make(chan struct{}), done: make(chan struct{})}
	p.ended.arrival = make(chan struct{}, 1)
	p.onLoop.onGone = p.ended.add
	return p, nil
}

// Start forks the workers. Its error is why the first one that could not be forked could not; the pool must then
// be closed.
func (p *Pool) Start() error {
	p.began = time.Now()
	places := make([]*slot, p.keep.Instances)
	for i := range places {
		places[i] = &slot{settings: p.Settings}
	}
	for _, mix := range p.keep.Mix {
		for range mix.Instances {
			places = append(places, &slot{settings: func() Settings { return mix.Settings }})
		}
	}
	for _, s := range places {
		if err := p.fill(s); err != nil {
			close(p.done)
			return err
		}
		p.slots = append(p.slots, s)
	}
	go p.supervise()
	return nil
}

// Done is closed when no worker runs and none is to be started any more, or when the pool has given up; workers that
// still run then do so until Shutdown or Close. Err says why.
func (p *Pool) Done() <-chan struct{} { return p.done }

// Err is why the pool has ended: nil when its workers had done their work or were shut down, else what made it give
// up.
func (p *Pool) Err() error {
	select {
	case <-p.done:
		return p.err
	default:
		return nil
	}
}

// Shutdown asks all workers to leave, lets them finish what they are at, and waits for their ends. Whoever has not
// left after the settings' KillTimeout, or when ctx ends, is killed. Nothing is restarted any more.
func (p *Pool) Shutdown(ctx context.Context) {
	p.halt()
	p.retire()
	gentle, cancel := context.WithTimeout(ctx, p.keep.KillTimeout/2)
	defer cancel()
	if p.Disconnect(gentle) == nil {
		return
	}
	p.signalLeft(syscall.SIGTERM)
	firm, cancel := context.WithTimeout(ctx, p.keep.KillTimeout/2)
	defer cancel()
	if p.Disconnect(firm) == nil {
		return
	}
	p.killAll()
	p.Disconnect(context.Background())
}

// Close is [Primary.Close], and nothing is restarted any more.
func (p *Pool) Close() error {
	p.halt()
	return p.Primary.Close()
}

// halt ends the supervision.
func (p *Pool) halt() {
	p.once.Do(func() { close(p.stop) })
	if len(p.slots) > 0 {
		<-p.done
	}
}

// retire tells workers to leave that have never said a word on the channel, in the one way that any program
// understands.
func (p *Pool) retire() {
	p.signal(syscall.SIGTERM, func(w *Worker) bool { return w.life.now() == started })
}

// signalLeft signals those that are done with their connections, but keep running for something else.
func (p *Pool) signalLeft(s syscall.Signal) {
	p.signal(s, func(w *Worker) bool { return w.life.now() == disconnectedAlive })
}

func (p *Pool) signal(s syscall.Signal, which func(*Worker) bool) {
	p.loop.Call(func() {
		for _, w := range p.onLoop.workers {
			if which(w) {
				w.child.Signal(s)
			}
		}
	})
}
