// Package drain has Node workers let their clients go without a loss: it places a script that Node loads before the worker's program.
//
// When a worker is told to leave, its Node closes the servers. From version 19 on that ends the connections without a request at once,
// in a race with the next request of the client; before, a client that goes on asking keeps its worker. With the script, an answer of
// a closed server says Connection: close, or GOAWAY in HTTP/2, and a connection without a request is kept for a moment.
package drain

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/nodejs"
)

// maxMoment is how long a connection without a request is kept by a worker that leaves, if it has the time.
const maxMoment = time.Second

//go:embed preload.cjs
var script string

// Preload is the script in its place, which it gets for the first Node worker. Its methods may be called from any goroutine.
type Preload struct {
	// KillTimeout is how long workers have to leave. Half of it may pass before they get a signal. Set it before the first worker.
	KillTimeout time.Duration
	// Behind is a script that workers run behind this package's, with what that has at its top. Set it before the first worker.
	Behind string

	mu     sync.Mutex
	folder *folder // nil before the first worker
	closed bool
	failed bool // to place it, the last time
}

// Close removes the script. It is for when no worker runs any more: a Node that does not find the script does not start, nor do its
// worker threads. It is safe to call twice.
func (p *Preload) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.folder
	p.folder, p.closed = nil, true
	if f == nil {
		return nil
	}
	return f.remove()
}

// Env returns what the environment of a worker with these settings has to have, beside their own Env, for Node to load the script: it
// stands in NODE_OPTIONS before what is there otherwise. It is nothing where the worker is no Node, or might not start with the script,
// and after Close. A script that was removed is placed anew. Of errors in a row it returns the first: the worker does without.
func (p *Preload) Env(s cluster.Settings) ([]string, error) {
	before, isSet := nodejs.Options(&s)
	if !nodejs.RunsOnNode(&s) || refuses(append(strings.Fields(before), s.ExecArgv...)) {
		return nil, nil
	}
	f, err := p.place()
	if f == nil || !f.isFor(&s) {
		return nil, err
	}
	value := f.option()
	if isSet {
		value += " " + before
	}
	return []string{"NODE_OPTIONS=" + value}, nil
}

// place returns the folder with the script in it, nil if there is none.
func (p *Preload) place() (f *folder, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.folder != nil && p.folder.isComplete() {
		return p.folder, nil
	}
	f, err = newFolder(min(maxMoment, p.KillTimeout/5), p.Behind)
	if again := p.failed; err != nil {
		p.failed = true
		if again {
			err = nil
		}
		return nil, err
	}
	if p.folder != nil {
		p.folder.remove()
	}
	p.folder, p.failed = f, false
	return f, nil
}

// refuses reports whether Node may be kept by its arguments from reading the script: Node 20 with permissions, and one with a policy.
// Later versions of the permissions let it.
func refuses(args []string) bool {
	return slices.ContainsFunc(args, func(arg string) bool {
		return strings.HasPrefix(arg, "--experimental-permission") || strings.HasPrefix(arg, "--experimental-policy")
	})
}
