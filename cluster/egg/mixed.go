package egg

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
)

// Mixed are workers beside the app workers that the options say, behind the same ports: further app workers that run under another Node, or workers
// that are programs by themselves, such as a Go program with package worker.
type Mixed struct {
	// Workers is how many there are, 1 at least.
	Workers int
	// Node runs further app workers of the application, and ExecArgv are its arguments before the script. They count among the option workers, as
	// the application sees it. Agent and app workers may have different Nodes, since their messages are JSON.
	Node     string
	ExecArgv []string
	// Program is what is run where Node is empty, with Args. Such workers are no app workers: they get connections and no messages of Egg's. They
	// are started once the application has, have successors, and are replaced after the app workers of a reload. Sticky mode has none.
	Program string
	Args    []string
}

// appNode is what runs the app workers of some places.
type appNode struct {
	path     string
	execArgv []string
}

// mix completes the options and finds the programs: the app workers of other Nodes have the places behind those of the usual one.
func (m *Master) mix(o *Options) (err error) {
	own := appNode{m.node, m.settings.ExecArgv}
	for range o.workers {
		m.appNodes = append(m.appNodes, own)
	}
	for _, mixed := range m.settings.Mixed {
		switch {
		case mixed.Workers < 1:
			return fmt.Errorf("egg: %d further workers: use 1 or more", mixed.Workers)
		case mixed.Node == "" && o.sticky:
			return fmt.Errorf("egg: %s cannot be beside app workers in sticky mode, in which the master gives them their clients", mixed.Program)
		case mixed.Node == "":
			m.beside = append(m.beside, mixed)
			continue
		}
		of := appNode{execArgv: mixed.ExecArgv}
		if of.path, err = findNode(mixed.Node); err != nil {
			return fmt.Errorf("egg: %w", err)
		}
		for range mixed.Workers {
			m.appNodes = append(m.appNodes, of)
		}
	}
	if len(m.appNodes) != o.workers {
		m.options = o.withWorkers(len(m.appNodes))
	}
	return nil
}

// withWorkers are the same options with another number of app workers.
func (o *Options) withWorkers(n int) *Options {
	other := *o
	other.all = &object{}
	for _, key := range o.all.keys {
		if value := o.all.values[key]; value != nil {
			other.all.set(key, value)
		} else {
			other.all.keys = append(other.all.keys, key)
		}
	}
	other.all.set("workers", number(n))
	other.workers = n
	return &other
}

// keeper keeps one worker running that is a program by itself.
type keeper struct {
	*Master
	mixed   Mixed
	place   int
	reloads chan struct{} // has something when the worker is to be replaced
}

// observeBeside starts, replaces and ends the workers that are programs by themselves, as the application is started, reloaded and stopped.
func (m *Master) observeBeside(event Event) {
	switch e := event.(type) {
	case PhaseEvent:
		switch e.Phase {
		case PhaseRunning:
			m.startBeside()
		case PhaseStopping:
			close(m.leaving)
		}
	case ReloadEvent:
		for _, k := range m.keepers {
			if e.Ended && e.Err == nil {
				select {
				case k.reloads <- struct{}{}:
				default: // it is to be replaced already
				}
			}
		}
	}
}

func (m *Master) startBeside() {
	place := m.options.workers
	for _, mixed := range m.beside {
		for range mixed.Workers {
			k := &keeper{m, mixed, place, make(chan struct{}, 1)}
			m.keepers = append(m.keepers, k)
			m.keeping.Go(k.keep)
			place++
		}
	}
}

// steady is how long a worker lives whose end is no failure in a row.
const steady = 30 * time.Second

// keep starts one worker after the other, until the master stops.
func (k *keeper) keep() {
	pause := firstPause
	for {
		begun := time.Now()
		w, err := k.fork()
		if err == nil {
			if !k.serve(w) {
				return
			}
			err = fmt.Errorf("it has ended (%s)", ended(w.ExitStatus()))
		}
		if time.Since(begun) >= steady {
			pause = firstPause
		}
		k.log.add(levelError, fmt.Sprintf("[master] %s is started again after %s: %v", k.mixed.Program, pause, err))
		select {
		case <-time.After(pause):
		case <-k.leaving:
			return
		case <-k.ctx.Done():
			return
		}
		pause = min(2*pause, longestPause)
	}
}

// serve waits for the end of a worker, or of the one that has replaced it, and reports whether there is to be another one.
func (k *keeper) serve(w *cluster.Worker) bool {
	for {
		select {
		case <-w.Exited():
			return true
		case <-k.reloads:
			w = k.replace(w)
		case <-k.leaving:
			k.end(w)
			return false
		case <-k.ctx.Done():
			return false
		}
	}
}

// replace starts a successor, and has the worker leave when that listens, or has died itself. If the successor fails, the worker goes on.
func (k *keeper) replace(w *cluster.Worker) *cluster.Worker {
	next, err := k.fork()
	if err == nil {
		select {
		case <-next.Listening():
			k.keeping.Go(func() { k.end(w) })
			return next
		case <-w.Exited():
			return next
		case <-next.Exited():
			err = fmt.Errorf("it has ended (%s)", ended(next.ExitStatus()))
		case <-k.leaving:
			k.keeping.Go(func() { k.end(next) })
			return w
		case <-k.ctx.Done():
			return w
		}
	}
	k.log.add(levelError, fmt.Sprintf("[master] the new %s has failed, and the one that was there goes on: %v", k.mixed.Program, err))
	return w
}

func (k *keeper) fork() (*cluster.Worker, error) {
	settings := k.primary.Settings()
	settings.Exec, settings.ExecArgv, settings.Runtime = "", nil, ""
	settings.ExecPath, settings.Args = k.mixed.Program, k.mixed.Args
	return k.forkWith(k.place, settings)
}

// end has a worker answer the requests that it has, and end, within the time of app workers.
func (k *keeper) end(w *cluster.Worker) {
	ctx, cancel := context.WithTimeout(k.ctx, k.appTimeout())
	defer cancel()
	w.Shutdown(ctx)
}

// forkWith forks a worker of a place, with its output.
func (m *Master) forkWith(place int, settings cluster.Settings, env ...string) (*cluster.Worker, error) {
	out, err := m.connectOutput(place, &settings.Stdout, &settings.Stderr)
	if err != nil {
		return nil, err
	}
	w, err := m.primary.ForkWith(settings, env...)
	if err != nil {
		out.Failed()
		return nil, err
	}
	out.Started(w.ID())
	return w, nil
}

// placeVariables are those by which an app worker knows which of how many it is.
func (m *Master) placeVariables(index int) []string {
	return []string{"CFORK_WORKER_INDEX=" + strconv.Itoa(index), "CFORK_WORKER_COUNT=" + strconv.Itoa(m.options.workers)}
}
