//go:build linux

package cluster

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// heldModel is a primary whose workers do one thing after the other, in a time that passes when the test says so.
type heldModel struct {
	t       *testing.T
	primary *Primary
	folder  string
	workers map[int]*fakeWorker
	past    map[int]bool // those that have ended
}

// The graces of the model are too long for any to end by itself.
const (
	shortly = time.Hour      // closing, listening
	later   = 10 * time.Hour // leaving, online
)

func newHeldModel(t *testing.T, whenLeaving bool) *heldModel {
	p := newTestPrimary(t, SchedRR)
	p.Setup(Settings{HoldListeners: true, HoldWhenLeaving: whenLeaving})
	p.onLoop.graces = graces{closing: shortly, leaving: later, listening: shortly, online: later}
	m := &heldModel{t: t, primary: p, folder: t.TempDir(), workers: map[int]*fakeWorker{}, past: map[int]bool{}}
	t.Cleanup(func() {
		for id := range m.workers {
			if !m.past[id] {
				m.do(fmt.Sprint(id, " ends"))
			}
		}
	})
	return m
}

// do does a step, in words: "1 starts", "1 asks for a", "2 hours pass", "a is open".
func (m *heldModel) do(step string) {
	m.t.Helper()
	words := strings.Fields(step)
	object := words[len(words)-1]
	if id, err := strconv.Atoi(words[0]); err != nil {
		if open := m.isOpen(words[0]); open != (object == "open") {
			m.t.Errorf("%s: it is open: %v", step, open)
		}
	} else if object == "pass" {
		m.pass(time.Duration(id) * time.Hour)
	} else if words[1] == "starts" {
		m.workers[id] = newFakeWorker(m.t, m.primary)
	} else if words[1] == "ends" {
		m.past[id] = true
		m.workers[id].finish()
	} else {
		m.act(m.workers[id].Worker, strings.Join(words[1:len(words)-1], " "), object)
	}
	expectClaims(m.t, m.primary)
}

// expectClaims checks that every server has as many claims as there are on it, that none is open for nobody, and that nobody has too
// many.
func expectClaims(tb testing.TB, p *Primary) {
	tb.Helper()
	p.loop.Call(func() {
		claims := map[server]int{}
		count := func(list []claim) {
			if len(list) > maxClaims {
				tb.Errorf("there are %d claims of one worker", len(list))
			}
			for _, c := range list {
				claims[c.server]++
			}
		}
		for _, e := range p.onLoop.estates {
			count(e.claims)
		}
		for _, w := range p.onLoop.workers {
			count(w.onLoop.claims)
		}
		for key, s := range p.onLoop.servers {
			if b := s.base(); b.claims != claims[s] || b.claims+b.workers == 0 {
				tb.Errorf("server %s has %d members and %d claims, and there are %d claims on it", key, b.workers, b.claims, claims[s])
			}
		}
	})
}

func (m *heldModel) act(w *Worker, verb, object string) {
	if verb == "asks for" {
		server := m.server(object)
		m.say(w, wire.ActQueryServer, &server, "")
		return
	}
	switch object {
	case "online":
		m.say(w, wire.ActOnline, nil, "")
	case "listens":
		m.say(w, wire.ActListening, &wire.Server{}, "")
	case "leaves":
		m.say(w, wire.ActExitedAfterDisconnect, nil, "")
	case "dismissed":
		w.Disconnect()
	case "released":
		w.ReleaseListeners()
	default:
		server := m.server(object)
		m.say(w, wire.ActClose, nil, server.Key())
	}
	m.primary.loop.Call(func() {})
}

func (m *heldModel) say(w *Worker, act string, s *wire.Server, key string) {
	message := &wire.FromWorker{Command: wire.Command, Act: act, Key: key}
	if s != nil {
		message.Server = *s
	}
	m.primary.loop.Call(func() { w.act(message) })
}

// server is a path, with options after a slash.
func (m *heldModel) server(name string) wire.Server {
	name, options, _ := strings.Cut(name, "/")
	return wire.Server{
		Address: wire.Value(filepath.Join(m.folder, name)), Port: wire.Value(-1), AddressType: wire.Value(-1),
		WritableAll: wire.Value(options == "writable"),
	}
}

func (m *heldModel) pass(d time.Duration) {
	m.primary.loop.Call(func() {
		for _, w := range m.primary.onLoop.workers {
			w.expireClaims(time.Now().Add(d))
		}
	})
}

// isOpen reports whether a socket is open, and checks that its file is there just as long.
func (m *heldModel) isOpen(name string) bool {
	path := filepath.Join(m.folder, name)
	_, err := os.Stat(path)
	conn, dialErr := net.Dial("unix", path)
	if dialErr == nil {
		conn.Close()
	}
	if (err == nil) != (dialErr == nil) {
		m.t.Errorf("the file %s: %v, but a connection: %v", name, err, dialErr)
	}
	return dialErr == nil
}

func TestHeld(t *testing.T) {
	nodetest.NoLeaks(t)
	for _, c := range []struct {
		name  string
		steps string
	}{
		{"a successor asks again", `1 starts, 1 asks for a, 1 ends, a is open, 2 starts, a is open, 2 asks for a, 2 listens, 20 hours pass, a is open`},
		{"a successor listens on something else", `1 starts, 1 asks for a, 1 asks for b, 1 ends, 2 starts, 2 online, 2 asks for b, 2 listens,
			a is open, 1 hours pass, a is closed, b is open`},
		{"a successor asks late", `1 starts, 1 asks for a, 1 asks for b, 1 ends, 2 starts, 2 asks for b, 2 listens, 2 asks for a, 20 hours pass, a is open`},
		{"a successor asks for nothing", `1 starts, 1 asks for a, 1 ends, 2 starts, 20 hours pass, a is open, 2 online, 9 hours pass, a is open,
			10 hours pass, a is closed`},
		{"a successor ends too soon", `1 starts, 1 asks for a, 1 ends, 2 starts, 2 online, 2 asks for b, 2 ends, a is open, b is open, 20 hours pass,
			3 starts, 3 asks for a, 3 listens, 1 hours pass, a is open, b is closed`},
		{"two had it", `1 starts, 2 starts, 1 asks for a, 2 asks for a, 1 ends, 2 ends, 3 starts, 3 listens, 1 hours pass, a is open,
			4 starts, 1 hours pass, a is open, 4 listens, 1 hours pass, a is closed`},
		{"one of two asks again", `1 starts, 2 starts, 1 asks for a, 2 asks for a, 1 ends, 2 ends, 3 starts, 3 listens, 4 starts, 4 asks for a, 4 listens,
			20 hours pass, a is open`},
		{"another has it meanwhile", `1 starts, 1 asks for a, 1 ends, 2 starts, 3 starts, 3 asks for a, 3 ends, a is open, 4 starts, 4 listens, 1 hours pass, a is open,
			2 listens, 1 hours pass, a is closed`},
		{"one closes it and goes on", `1 starts, 1 asks for a, 1 closes a, a is open, 1 hours pass, a is closed, 1 asks for a, a is open`},
		{"one closes it and opens it again", `1 starts, 1 asks for a, 1 closes a, 1 asks for a, 20 hours pass, a is open`},
		{"one closes it and leaves", `1 starts, 1 asks for a, 1 closes a, 1 leaves, 9 hours pass, a is open, 1 ends, a is open, 2 starts, 2 asks for a, a is open`},
		{"one closes it and does not end", `1 starts, 1 asks for a, 1 closes a, 1 leaves, 10 hours pass, a is closed`},
		{"one closes it and ends", `1 starts, 1 asks for a, 1 closes a, 1 ends, 20 hours pass, a is open`},
		{"one closes it, but not the other", `1 starts, 2 starts, 1 asks for a, 2 asks for a, 1 closes a, 20 hours pass, a is open`},
		{"one is asked to leave", `1 starts, 1 asks for a, 1 is dismissed, 9 hours pass, a is open, 1 ends, 20 hours pass, a is open`},
		{"one is asked to leave and does not end", `1 starts, 1 asks for a, 1 is dismissed, 10 hours pass, a is closed`},
		{"no successor comes", `1 starts, 1 asks for a, 1 ends, a is open, 1 is released, a is closed`},
		{"no successor will come", `1 starts, 1 asks for a, 1 is released, a is open, 1 ends, a is closed`},
		{"no successor will come of a successor", `1 starts, 1 asks for a, 1 ends, 2 starts, 2 is released, a is closed`},
	} {
		t.Run(c.name, func(t *testing.T) { newHeldModel(t, true).doAll(c.steps) })
	}
}

func (m *heldModel) doAll(steps string) {
	m.t.Helper()
	for step := range strings.SplitSeq(steps, ",") {
		m.do(step)
	}
}

// Without HoldWhenLeaving, only what ends by accident has claims.
func TestHeldAfterAccidentsOnly(t *testing.T) {
	nodetest.NoLeaks(t)
	for _, steps := range []string{
		`1 starts, 1 asks for a, 1 ends, a is open`,
		`1 starts, 1 asks for a, 1 closes a, a is closed`,
		`1 starts, 1 asks for a, 1 leaves, a is open, 1 ends, a is closed`,
		`1 starts, 1 asks for a, 1 is dismissed, a is closed`,
		`1 starts, 1 asks for a, 1 ends, 2 starts, 2 leaves, 2 ends, a is closed`,
		`1 starts, 1 asks for a, 1 ends, 2 starts, 2 asks for a, 2 closes a, a is closed`,
	} {
		t.Run(steps, func(t *testing.T) { newHeldModel(t, false).doAll(steps) })
	}
}

// A worker that asks for what is held with other options gets a socket that has them.
func TestHeldWithOtherOptions(t *testing.T) {
	nodetest.NoLeaks(t)
	m := newHeldModel(t, true)
	m.doAll(`1 starts, 1 asks for a, 1 closes a, 1 asks for a/writable, 20 hours pass, a is open`)
	info, err := os.Stat(filepath.Join(m.folder, "a"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm()&0o222 != 0o222 {
		t.Errorf("the socket's mode is %v", info.Mode())
	}
}

// A worker that runs another program is nobody's successor.
func TestHeldForTheSameProgram(t *testing.T) {
	nodetest.NoLeaks(t)
	m := newHeldModel(t, true)
	m.doAll(`1 starts, 2 starts, 1 asks for a, 2 asks for b`)
	m.workers[1].program = "other"
	m.doAll(`1 ends, 2 ends, 3 starts, 3 listens, 1 hours pass, a is open, b is closed`)
}

// What is held gives way to a server that cannot be opened beside it.
func TestHeldGivesWay(t *testing.T) {
	nodetest.NoLeaks(t)
	m := newHeldModel(t, true)
	port := nodetest.FreePort(t)
	listen := func(id int, address string) {
		m.say(m.workers[id].Worker, wire.ActQueryServer, &wire.Server{Address: wire.Value(address), Port: wire.Value(port), AddressType: wire.Value(4)}, "")
	}
	m.do("1 starts")
	listen(1, "127.0.0.1")
	m.doAll(`1 asks for a, 1 ends, 2 starts`)
	listen(2, "0.0.0.0")
	m.primary.loop.Call(func() {
		if n := len(m.workers[2].onLoop.memberships); n != 1 {
			t.Errorf("the successor listens on %d servers, want 1", n)
		}
	})
	m.do("a is open")
}

// However much workers leave behind, no more than a number is held, and the oldest goes first.
func TestHeldIsBounded(t *testing.T) {
	nodetest.NoLeaks(t)
	m := newHeldModel(t, true)
	m.do("1 starts")
	for i := range maxClaims + 6 {
		m.doAll(fmt.Sprintf("1 asks for s%d, 1 closes s%d", i, i))
	}
	m.doAll(`s5 is closed, s6 is open, 1 ends`)
	for id := 2; id < maxClaims+7; id++ {
		m.do(fmt.Sprint(id, " starts"))
		m.workers[id].program = strconv.Itoa(id)
		m.doAll(fmt.Sprintf("%d asks for t%d, %d ends", id, id, id))
	}
	m.doAll(fmt.Sprintf(`s6 is closed, t6 is closed, t7 is open, t%d is open`, maxClaims+6))
}

// What is held ends with the order to leave that all get.
func TestHeldEndsWithAll(t *testing.T) {
	nodetest.NoLeaks(t)
	m := newHeldModel(t, true)
	m.doAll(`1 starts, 2 starts, 1 asks for a, 2 asks for b, 1 ends, a is open`)
	gone := make(chan struct{})
	m.primary.loop.Call(func() { m.primary.disconnectAll(gone) })
	m.doAll(`a is closed, b is closed, 2 ends`)
	<-gone
	m.doAll(`3 starts, 4 starts, 3 asks for a, 4 asks for a, 3 ends`)
	m.primary.loop.Call(m.primary.closeHeld)
	m.doAll(`a is open, 4 closes a, 4 is released, a is closed, 5 starts, 5 asks for a, 5 ends, a is open`)
}
