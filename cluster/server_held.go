package cluster

import (
	"errors"
	"slices"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/wire"
)

// A server without members is held open as long as there is a claim on it: a worker may come that asks for it. Clients wait in its
// queue meanwhile, rather than being refused.
//
// A worker that ends has claims on what it listened on. So has one that closes a server, for a moment: until it is known whether the
// worker leaves. The next worker that is started with the same program inherits the claims of the one that has ended. It gives a
// claim up when it asks for the server, or when it has had the time to ask and has not.
type claim struct {
	server server
	until  time.Time // zero if it has no end yet
}

// estate is what the successor of a worker that has ended inherits.
type estate struct {
	worker *Worker
	claims []claim // the oldest first
}

// graces are how long claims last, and how long successors are expected.
type graces struct {
	closing   time.Duration // a worker that has closed a server leaves within that time, or goes on without it
	leaving   time.Duration // a worker that leaves has ended by then, or its clients need not wait for its successor
	listening time.Duration // a worker that listens has asked by then for whatever it listens on
	online    time.Duration // so has one that runs

	succession time.Duration // the slot of a worker that has ended by accident gets a successor within that time, or stays vacant
}

var usualGraces = graces{
	closing: time.Second, leaving: 10 * time.Second, listening: time.Second, online: 10 * time.Second, succession: 10 * time.Second,
}

// maxClaims is how many claims a worker may have. The oldest ends when there is one more. As many workers that have ended may have
// an estate.
const maxClaims = 64

// ReleaseListeners says that the worker has no successor: what is held open for one, as [Settings.HoldListeners] says, is closed, and
// what the worker listens on is closed when it leaves or ends. It may be called at any time. The call does not wait.
func (w *Worker) ReleaseListeners() { w.primary.loop.Post(w.releaseListeners) }

func (w *Worker) releaseListeners() {
	w.onLoop.released = true
	w.unclaimAll()
	p := w.primary
	if i := slices.IndexFunc(p.onLoop.estates, func(e estate) bool { return e.worker == w }); i >= 0 {
		p.dropEstate(i)
	}
}

// holdsFor reports whether a worker has claims on what it does not listen on any more. It leaves, or may be about to, or else it ends by
// accident.
func (p *Primary) holdsFor(w *Worker, leaving bool) bool {
	if p.onLoop.leaving || w.onLoop.released {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.settings.HoldListeners && (p.settings.HoldWhenLeaving || !leaving)
}

// claim adds a claim of the worker.
func (w *Worker) claim(s server, until time.Time) {
	if len(w.onLoop.claims) == maxClaims {
		w.unclaim(w.onLoop.claims[0].server)
	}
	s.base().claims++
	w.onLoop.claims = append(w.onLoop.claims, claim{s, until})
}

// unclaim ends the worker's claim on a server, if there is one.
func (w *Worker) unclaim(s server) {
	if i := slices.IndexFunc(w.onLoop.claims, func(c claim) bool { return c.server == s }); i >= 0 {
		w.onLoop.claims = slices.Delete(w.onLoop.claims, i, i+1)
		w.primary.endClaim(s)
	}
}

func (w *Worker) unclaimAll() {
	claims := w.onLoop.claims
	w.onLoop.claims = nil
	w.primary.endClaims(claims)
}

func (p *Primary) endClaims(claims []claim) {
	for _, c := range claims {
		p.endClaim(c.server)
	}
}

func (p *Primary) endClaim(s server) {
	s.base().claims--
	p.closeUnused(s)
}

// closeUnused closes a server that has neither members nor claims.
func (p *Primary) closeUnused(s server) {
	if b := s.base(); b.workers == 0 && b.claims == 0 {
		p.closeServer(s)
	}
}

// isHeld reports whether a server stays open when its last member has left: a worker may come for it.
func (p *Primary) isHeld(s server) bool { return s.base().claims > 0 && !p.onLoop.leaving }

// bequeath leaves the claims of a worker that has ended to its successor, if one may come.
func (w *Worker) bequeath() {
	p := w.primary
	if !p.holdsFor(w, w.left.Load()) {
		w.unclaimAll()
	}
	if len(w.onLoop.claims) == 0 {
		return
	}
	p.onLoop.estates = append(p.onLoop.estates, estate{w, w.onLoop.claims})
	w.onLoop.claims = nil
	if len(p.onLoop.estates) > maxClaims {
		p.dropEstate(0)
	}
}

// inherit takes over the claims of the first worker that has ended with the same program and has no successor yet.
func (w *Worker) inherit() {
	p := w.primary
	i := slices.IndexFunc(p.onLoop.estates, func(e estate) bool { return e.worker.program == w.program })
	if i < 0 {
		return
	}
	w.onLoop.claims = p.onLoop.estates[i].claims
	p.onLoop.estates = slices.Delete(p.onLoop.estates, i, i+1)
	for i := range w.onLoop.claims {
		w.onLoop.claims[i].until = time.Time{}
	}
}

func (p *Primary) dropEstate(i int) {
	claims := p.onLoop.estates[i].claims
	p.onLoop.estates = slices.Delete(p.onLoop.estates, i, i+1)
	p.endClaims(claims)
}

// limitClaims has the worker's claims end after a time, if they do not end before.
func (w *Worker) limitClaims(after time.Duration) {
	until := time.Now().Add(after)
	w.setClaims(func(c *claim) {
		if c.until.IsZero() || c.until.After(until) {
			c.until = until
		}
	})
}

// extendClaims has the worker's claims end after a time, and not before.
func (w *Worker) extendClaims(after time.Duration) {
	until := time.Now().Add(after)
	w.setClaims(func(c *claim) { c.until = until })
}

func (w *Worker) setClaims(set func(*claim)) {
	for i := range w.onLoop.claims {
		set(&w.onLoop.claims[i])
	}
	w.expireClaims(time.Now())
}

// expireClaims ends the claims that have lasted until now, and comes again for the next.
func (w *Worker) expireClaims(now time.Time) {
	var next time.Time
	for _, c := range slices.Clone(w.onLoop.claims) {
		switch {
		case c.until.IsZero():
		case !c.until.After(now):
			w.unclaim(c.server)
		case next.IsZero() || c.until.Before(next):
			next = c.until
		}
	}
	if w.onLoop.expiry != nil {
		w.onLoop.expiry.Stop()
	}
	if !next.IsZero() {
		w.onLoop.expiry = time.AfterFunc(next.Sub(now), func() {
			w.primary.loop.Post(func() { w.expireClaims(time.Now()) })
		})
	}
}

// serverFor returns the server with a key, for the worker that asks for it. If there is none, it makes one.
func (p *Primary) serverFor(key string, m *wire.FromWorker, w *Worker) (server, error) {
	place, options := m.Server.Place(), m.Server.Options()
	if s := p.onLoop.servers[key]; s != nil {
		if s.base().workers > 0 || s.base().options == options {
			return s, nil
		}
		p.closeServer(s) // it is held for a worker that has listened otherwise
	}
	m, done, err := w.onLoop.adoption.beforeListen(m)
	if err != nil {
		return nil, err
	}
	defer done()
	s, err := p.newServer(key, m, w)
	for err != nil && p.makeWay(err, place) {
		s, err = p.newServer(key, m, w)
	}
	if err != nil {
		return nil, err
	}
	s.base().place, s.base().options = place, options
	p.onLoop.servers[key] = s
	return s, nil
}

// makeWay closes a server that is held, if an error of a socket at a place may be due to it, and reports whether it has closed one.
func (p *Primary) makeWay(err error, place string) bool {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return p.closeOldestHeld(func(b *serverBase) bool { return b.place == place })
	case isShortage(err):
		return p.closeOldestHeld(func(*serverBase) bool { return true })
	}
	return false
}

// makeRoom closes the server that has been held for the longest time, if an error says that there is no descriptor left. It reports
// whether it has closed one. It is not for the loop.
func (p *Primary) makeRoom(err error) (made bool) {
	if isShortage(err) {
		p.loop.Call(func() { made = p.closeOldestHeld(func(*serverBase) bool { return true }) })
	}
	return made
}

// isShortage reports whether the process or the system has no descriptor left.
func isShortage(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// closeOldestHeld closes the server that has been held for the longest time, of those that match.
func (p *Primary) closeOldestHeld(match func(*serverBase) bool) bool {
	var oldest server
	for _, s := range p.onLoop.servers {
		b := s.base()
		if b.workers == 0 && match(b) && (oldest == nil || b.since.Before(oldest.base().since)) {
			oldest = s
		}
	}
	if oldest == nil {
		return false
	}
	p.closeServer(oldest)
	return true
}

// closeHeld closes all servers that are held.
func (p *Primary) closeHeld() {
	for len(p.onLoop.estates) > 0 {
		p.dropEstate(0)
	}
	for _, s := range p.onLoop.servers {
		if s.base().workers == 0 {
			p.closeServer(s)
		}
	}
}
