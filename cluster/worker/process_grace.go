package worker

import "time"

// A worker that leaves closes its listeners itself only some time later, so that a program can do so before: net/http and
// gRPC take a listener that was closed elsewhere for a failure.
const (
	// minGrace is how long a program has in any case.
	minGrace = time.Second
	// maxGrace is how long it has while connections are open, which it might not let end once Accept fails.
	maxGrace = 2 * time.Second
)

// grace is the time between the beginning of a worker's leaving and the closing of its listeners. The process's mu guards it.
type grace struct {
	timer  *time.Timer // nil before
	passed bool        // minGrace
	over   bool
}

// drainServers has no more connections come to any server, and closes the servers once their grace is over.
func (p *Process) drainServers() {
	p.mu.Lock()
	all := p.openServers()
	if p.grace.timer == nil && !p.grace.over {
		p.grace.timer = time.AfterFunc(minGrace, p.passGrace)
	}
	p.mu.Unlock()
	for _, s := range all {
		s.drain()
	}
}

// passGrace is called when minGrace has passed, and again after maxGrace where connections were open.
func (p *Process) passGrace() {
	p.mu.Lock()
	waits := !p.grace.passed && p.open > 0
	p.grace.passed = true
	if waits {
		p.grace.timer.Reset(maxGrace - minGrace)
	}
	p.mu.Unlock()
	if !waits {
		p.closeServers()
	}
}

// closeServers closes all servers, and those that are registered afterwards, on which those who accept stop.
func (p *Process) closeServers() {
	p.mu.Lock()
	p.grace.over = true
	if p.grace.timer != nil {
		p.grace.timer.Stop()
	}
	all := p.openServers()
	p.mu.Unlock()
	for _, s := range all {
		s.Close()
	}
}
