package egg

import (
	"fmt"
	"strconv"

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
	var programs []Mixed
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
			programs = append(programs, mixed)
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
	m.keepBeside(programs)
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

// observeBeside starts, replaces and ends the workers that are programs by themselves, as the application is started, reloaded and stopped.
func (m *Master) observeBeside(event Event) {
	switch e := event.(type) {
	case PhaseEvent:
		switch e.Phase {
		case PhaseRunning:
			for _, k := range m.keepers {
				m.keeping.Go(k.keep)
			}
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

// keepBeside gives programs the places behind those of the app workers.
func (m *Master) keepBeside(programs []Mixed) {
	place := m.options.workers
	for _, mixed := range programs {
		for range mixed.Workers {
			m.keepers = append(m.keepers, &keeper{Master: m, mixed: mixed, place: place, reloads: make(chan struct{}, 1)})
			place++
		}
	}
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
