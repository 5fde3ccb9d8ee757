//go:build linux

package cluster_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
)

// jsonValues are of every kind that JSON has, and what is hard in each.
var jsonValues = []json.RawMessage{
	[]byte(`null`), []byte(`true`), []byte(`false`), []byte(`0`), []byte(`-1.5`), []byte(`1e+300`), []byte(`9007199254740993`),
	[]byte(`""`), []byte(`"text"`), []byte(`"\u0000\b\n\"\\/"`), []byte(`"ÿ é € 😀 \u2028"`), []byte(`"\ud800 alone"`),
	[]byte(`[]`), []byte(`[1,[null,{}],"x"]`), []byte(`{}`), []byte(`{"cmd":"NODE","a":{"b":[{"c":null}]}}`),
	[]byte(`{"cmd":1,"":0,"__proto__x":true}`),
}

func playMessagesToPrimary(s *scene) {
	for _, value := range jsonValues {
		s.ask(1, command{"do": "send", "value": value})
		s.see("echo", string(s.ask(1, command{"do": "echo", "value": value}).Value))
	}
}

func playMessagesToWorker(s *scene) {
	for i, value := range jsonValues {
		s.tell(1, value)
		s.await(s.t, "an echo", func(o occurrence) bool {
			return o.Event == "message" && o.Worker == 1 && strings.HasPrefix(string(o.Message), `{"got":`) && s.echoes(1) > i
		})
	}
}

// echoes counts what a worker has sent back of what was no command.
func (s *scene) echoes(worker int) (n int) {
	for _, o := range s.all() {
		if o.Event == "message" && o.Worker == worker && strings.HasPrefix(string(o.Message), `{"got":`) {
			n++
		}
	}
	return n
}

// playManyMessages sends messages that are long, and many of them.
func playManyMessages(s *scene) {
	long := strings.Repeat("long é ", 50_000)
	s.see("long", string(s.ask(1, command{"do": "echo", "value": long}).Value) == `"`+long+`"`)
	s.ask(1, command{"do": "flood", "count": 200, "size": 1000})
}

func playHandlesToPrimary(s *scene) {
	for _, kind := range []string{"server", "udp"} {
		port := portOf(s.t, askRaw(s.t, s, 1, command{"do": "give", "kind": kind}))
		if kind == "udp" {
			s.see(kind, askUDP(s.t, "udp4", local(port), "hello"))
			continue
		}
		s.seeLine(kind, "tcp", local(port))
	}
	for _, at := range s.meetingPlaces() {
		s.ask(1, command{"do": "give", "kind": "socket", "at": at.options})
		s.seeLine("socket", at.network, at.address)
	}
}

// seeLine opens a connection and sees what its other end says, until it ends it.
func (s *scene) seeLine(what, network, address string) {
	c := connect(s.t, network, address)
	defer c.Close()
	line, err := c.reader.ReadString('\n')
	if err != nil {
		s.t.Errorf("%s: %v", what, err)
	}
	s.see(what, line)
}

type meetingPlace struct {
	network, address string
	options          map[string]any
}

func (s *scene) meetingPlaces() []meetingPlace {
	path := filepath.Join(s.folder, "meeting")
	return []meetingPlace{
		{"tcp", local(s.port), map[string]any{"port": s.port, "host": "127.0.0.1"}},
		{"unix", path, map[string]any{"path": path}},
	}
}

func playHandlesToWorker(s *scene) {
	if s.node.Major >= 20 { // before, Node's worker kills its primary with a server; see TestServerFromPrimary
		give, n := giving(1, "server", command{"name": "given"})
		s.do(give)
		s.see("server", whoServes(s.t, "tcp", local(s.reply(1, n).Port)))
		s.closeServers(1, "given")
	}
	give, n := giving(1, "udp", command{"name": "given"})
	s.do(give)
	s.see("udp", askUDP(s.t, "udp4", local(s.reply(1, n).Port), "hello"))
	s.closeServers(1, "given")

	for _, at := range s.meetingPlaces() {
		give, n := giving(1, "socket", command{"at": at.options})
		s.doUntil("waits", give)
		s.see("socket", whoServes(s.t, at.network, at.address))
		s.reply(1, n)
	}
}
