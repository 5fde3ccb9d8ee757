package pool

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
)

// ErrReloading is what [Pool.Reload] and [Pool.ReloadOne] return while another change of the pool is under way, unless they are to
// wait.
var ErrReloading = errors.New("another reload, restart or scaling is under way")

// What the zero values of ReloadOptions stand for.
const (
	DefaultListenTimeout = 30 * time.Second
	DefaultBake          = time.Second
)

// ReloadOptions say how a reload goes. The zero value of a field is its default.
type ReloadOptions struct {
	// ListenTimeout is how long a new worker may take to be ready; [DefaultListenTimeout] by default. One that takes longer has
	// failed.
	ListenTimeout time.Duration
	// Strategy is how workers are replaced, [ReloadRolling] by default. It is for reloads alone.
	Strategy ReloadStrategy
	// WaitReady has a new worker be ready when it has sent the string "ready", as by process.send('ready'), whatever it listens on. By
	// default it is ready when it listens on all that the worker before it listened on. In any case its event loop has to move after that,
	// which Linux alone tells, and it has to pass the checks of [Options].
	WaitReady bool
	// OtherAddresses has a new worker be ready when it listens on as many servers as the worker before it, wherever these are. It is for a
	// release that listens elsewhere, by another environment for instance.
	OtherAddresses bool
	// Bake is how long the first new worker must stay well, once it is ready, before any other is started; [DefaultBake] by default,
	// and no time if it is negative. The worker before it serves beside it until then.
	Bake time.Duration
	// Parallel is how many of the other new workers are started at a time, 1 by default.
	Parallel int
	// Reread is what Options.Reread is for this reload alone. By default it is that one.
	Reread func() ([]cluster.Settings, error)
	// Wait has the reload wait for the end of another one, or of a restart or a scaling. By default it is refused with ErrReloading.
	Wait bool
}

// complete checks the options, which errors call by a name, and sets the defaults.
func (o *ReloadOptions) complete(name string) error {
	switch {
	case o.ListenTimeout < 0:
		return fmt.Errorf("%s.ListenTimeout is %v: use a longer duration, or 0 for %v", name, o.ListenTimeout, DefaultListenTimeout)
	case o.Parallel < 0:
		return fmt.Errorf("%s.Parallel is %d: use 1 or more, or 0 for 1", name, o.Parallel)
	}
	if o.Strategy == "" {
		o.Strategy = ReloadRolling
	}
	setDefault(&o.ListenTimeout, DefaultListenTimeout)
	setDefault(&o.Bake, DefaultBake)
	setDefault(&o.Parallel, 1)
	return o.Strategy.check(name)
}

// Report is what has come of a reload.
type Report struct {
	// Replaced are the instances, by their numbers, that have a new worker.
	Replaced []int
	// Kept are those that do not: all of them after a reload that has failed with its first worker.
	Kept []int
	// Took is how long the reload took, until the last worker that was to leave had ended.
	Took time.Duration
}

// Reload replaces all workers, new first and as ReloadOptions.Strategy says: a successor is started in the place of each worker, with its
// instance number, and the worker is asked to leave once the successor is ready, as [Options.KillTimeout] says. So there are never fewer
// workers that are ready than before. One successor is tried first, as ReloadOptions.Bake says, and the others after it. What they run is
// read anew by [Options.Reread]. A place whose worker has failed and has no successor gets one. One whose worker has done its work does
// not.
//
// The first successor that fails ends the reload: it ends before it is ready or has stayed well, it is not ready in time, or it cannot be
// started. The successors that are being tried leave, and the workers go on that were there. Those that have been replaced by then are
// replaced again, by workers of the settings before, unless these are the same. The error says what has failed: it is an [*InstanceError]
// then. A reload also ends so when ctx does, with an error that matches ctx's.
//
// Reload returns when the workers that were replaced have ended, or ctx does. It returns [ErrReloading] while another reload, restart or
// scaling is under way, unless o.Wait is set; an error that matches [cluster.ErrClosed] when the pool is shut down or has ended; and an
// error for options that make no sense or a pool that has not started. The report is what has happened in any case.
func (p *Pool) Reload(ctx context.Context, o ReloadOptions) (Report, error) {
	return p.reload(ctx, o, allInstances, "")
}

// ReloadOne is [Pool.Reload] of one instance alone, by its number. It returns an error if there is none with the number, or its worker has
// done its work.
func (p *Pool) ReloadOne(ctx context.Context, instance int, o ReloadOptions) (Report, error) {
	report, err := Report{}, error(nil)
	if instance >= 0 {
		report, err = p.reload(ctx, o, instance, "")
	}
	if err == nil && len(report.Replaced) == 0 {
		err = fmt.Errorf("pool: reload: there is no worker with the instance number %d", instance)
	}
	return report, err
}

// allInstances stands for the numbers of all.
const allInstances = -1

func (p *Pool) reload(ctx context.Context, o ReloadOptions, instance int, reason string) (Report, error) {
	if err := o.complete("ReloadOptions"); err != nil {
		return Report{}, fmt.Errorf("pool: %w", err)
	}
	begun := time.Now()
	c := newChange("reload", o)
	c.canary, c.reason, c.instance = true, reason, instance
	err := p.carryOut(ctx, c, func() error {
		read := o.Reread
		if read == nil {
			read = p.options.Reread
		}
		settings, err := p.reread(read)
		if err != nil {
			return err
		}
		return p.ask(ctx, func() { p.beginReload(c, settings, instance) })
	})
	return Report{Replaced: c.replaced, Kept: c.kept, Took: time.Since(begun)}, err
}

// beginReload begins a reload of one instance or all.
func (p *Pool) beginReload(c *change, settings []cluster.Settings, instance int) {
	c.switches = c.options.Strategy == ReloadSwitch && p.canSwitch()
	for _, place := range p.places {
		if (instance == allInstances || instance == place.number) && (place.stage != finished || place.failed) {
			c.todo = append(c.todo, task{place, settings[place.program]})
		}
	}
	if instance == allInstances {
		c.settings = settings
	}
	p.begin(c)
}

// reread are the settings of the pool's workers, and of those of each of Options.Programs, as a function says them now, or without one as the
// pool was made with them.
func (p *Pool) reread(read func() ([]cluster.Settings, error)) (settings []cluster.Settings, err error) {
	if read == nil {
		settings = []cluster.Settings{p.primary.Settings()}
		for _, program := range p.options.Programs {
			settings = append(settings, program.Settings)
		}
		return settings, nil
	}
	settings, err = read()
	if n := 1 + len(p.options.Programs); err == nil && len(settings) != n {
		err = fmt.Errorf("what Reread returns are the settings of %d programs: there are %d", len(settings), n)
	}
	return settings, err
}
