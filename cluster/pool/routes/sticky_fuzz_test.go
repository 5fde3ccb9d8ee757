package routes

import (
	"bytes"
	"io"
	"net"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// stickyModel is a route with two workers, of which each has two streams, and what the clients of these are to get.
type stickyModel struct {
	t       *testing.T
	route   *Sticky
	workers [2]*cluster.Worker
	streams []*modelStream
}

type modelStream struct {
	*stream
	want  []byte
	ended bool // by its worker, after what was answered
	over  bool
	got   chan []byte
}

func newStickyModel(t *testing.T) *stickyModel {
	m := &stickyModel{t: t, route: NewSticky(), workers: [2]*cluster.Worker{{}, {}}}
	for i := range 4 {
		ours, client := net.Pipe()
		s := &modelStream{stream: m.route.open(ours, m.workers[i%2]), got: make(chan []byte, 1)}
		m.route.server.clients.Go(func() { m.route.write(s.stream) })
		m.route.server.clients.Go(func() { m.route.read(s.stream) })
		go func() {
			all, _ := io.ReadAll(client)
			client.Close()
			s.got <- all
		}()
		m.streams = append(m.streams, s)
	}
	return m
}

// stickyTypes are the types of messages in the input.
var stickyTypes = []string{stickyBind, stickyUnbind, stickyAnswer, stickyEnd, stickyDestroy, "sticky:http-chunk", "other"}

// stickySession is a message about a session.
type stickySession struct {
	Type string `json:"type"`
	Data string `json:"data"`
}

// step has a worker send a message. One byte tells the worker, the type of its message, and the stream that it is about.
func (m *stickyModel) step(op byte, data []byte) {
	from, kind, about := m.workers[op&1], int(op>>1&7), m.streams[op>>4&3]
	if kind >= len(stickyTypes) { // a message as the input has it
		m.send(from, inClone(data))
		return
	}
	message := any(stickyChunk{Type: stickyTypes[kind], Connection: about.id, Data: data})
	if kind < 2 {
		message = stickySession{stickyTypes[kind], string(data)}
	}
	encoded, err := structuredclone.Marshal(message)
	if err != nil {
		m.t.Fatal(err)
	}
	m.send(from, encoded)
	if about.worker != from || about.ended || about.over {
		return
	}
	switch stickyTypes[kind] {
	case stickyAnswer:
		about.want = append(about.want, data...)
	case stickyEnd:
		about.ended = true
	case stickyDestroy:
		about.over = true
	}
}

func (m *stickyModel) send(from *cluster.Worker, message inClone) {
	if isSticky(message) {
		m.route.take(from, message)
	}
	m.check()
}

// check expects what is counted to be what is there.
func (m *stickyModel) check() {
	s := m.route
	s.mu.Lock()
	defer s.mu.Unlock()
	queued, counts := 0, map[*cluster.Worker]int{}
	for _, st := range s.streams {
		queued += st.queued
		counts[st.worker]++
	}
	for sid, w := range s.sessions {
		if counts[w]++; !isSID(sid) {
			m.t.Errorf("there is a session %q", sid)
		}
	}
	for _, w := range m.workers {
		if s.counts[w] != counts[w] {
			m.t.Errorf("a worker counts %d, and has %d", s.counts[w], counts[w])
		}
	}
	if s.queued != queued {
		m.t.Errorf("%d bytes are counted as waiting, and %d wait", s.queued, queued)
	}
}

// end has the workers leave, once those streams are written that have ended, and expects what clients have got.
func (m *stickyModel) end() {
	var got [4][]byte
	for i, s := range m.streams {
		if s.ended {
			got[i] = <-s.got
		}
	}
	for _, w := range m.workers {
		m.route.Leave(nil, w)
	}
	for i, s := range m.streams {
		if !s.ended {
			got[i] = <-s.got
		}
		if !bytes.HasPrefix(s.want, got[i]) || s.ended && len(got[i]) != len(s.want) {
			m.t.Errorf("client %d has got %q, want %q", i, got[i], s.want)
		}
	}
	m.route.Close()
	if s := m.route; len(s.sessions)+len(s.streams)+len(s.counts)+s.queued > 0 {
		m.t.Errorf("there are left %v, %v, %v, %d bytes", s.sessions, s.streams, s.counts, s.queued)
	}
}

// Whatever workers send, each client gets what the worker of its own stream answers, in order, and nothing is kept of workers that have left.
func FuzzSticky(f *testing.F) {
	const sid = "ABCDEFGHIJKLMNOPQRST"
	raw, err := structuredclone.Marshal(stickySession{stickyBind, sid})
	if err != nil {
		f.Fatal(err)
	}
	input := func(ops ...any) (all []byte) {
		for i := 0; i < len(ops); i += 2 {
			data := ops[i+1].(string)
			all = append(append(all, byte(ops[i].(int)), byte(len(data))), data...)
		}
		return all
	}
	const bind, unbind, answer, end, destroy, asItIs = 0 << 1, 1 << 1, 2 << 1, 3 << 1, 4 << 1, 7 << 1
	const other, second, third = 1, 1 << 4, 2 << 4
	f.Add(input(bind, sid, other|bind, sid, other|unbind, sid, unbind, sid))
	f.Add(input(answer, "one", other|answer, "not its own", other|end, "", other|destroy, "", answer, "two", end, "", answer, "late"))
	f.Add(input(other|second|answer, "a", other|second|destroy, "", third|answer, "b", third|end, "", third|end, ""))
	f.Add(input(asItIs, string(raw), other|asItIs, string(raw), asItIs, "sticky:", asItIs, string(raw[:len(raw)-3])))
	f.Fuzz(func(t *testing.T, ops []byte) {
		m := newStickyModel(t)
		for len(ops) >= 2 {
			n := min(int(ops[1]), len(ops)-2)
			m.step(ops[0], ops[2:2+n])
			ops = ops[2+n:]
		}
		m.end()
	})
}
