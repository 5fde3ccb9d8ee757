//go:build linux

package worker_test

import (
	"encoding/json"
	"path/filepath"
	"strings"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
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
		s.ask(1, clustertest.Command{"do": "send", "value": value})
		s.see("echo", string(s.ask(1, clustertest.Command{"do": "echo", "value": value}).Value))
	}
}

func playMessagesToWorker(s *scene) {
	for i, value := range jsonValues {
		s.Tell(1, value)
		s.Await(s.t, "an echo", func(o clustertest.Occurrence) bool {
			return o.Event == "message" && o.Worker == 1 && strings.HasPrefix(string(o.Message), `{"got":`) && s.echoes(1) > i
		})
	}
}

// echoes counts what a worker has sent back of what was no command.
func (s *scene) echoes(worker int) (n int) {
	for _, o := range s.All() {
		if o.Event == "message" && o.Worker == worker && strings.HasPrefix(string(o.Message), `{"got":`) {
			n++
		}
	}
	return n
}

// playManyMessages sends messages that are long, and many of them.
func playManyMessages(s *scene) {
	long := strings.Repeat("long é ", 50_000)
	s.see("long", string(s.ask(1, clustertest.Command{"do": "echo", "value": long}).Value) == `"`+long+`"`)
	s.ask(1, clustertest.Command{"do": "flood", "count": 200, "size": 1000})
}

func playHandlesToPrimary(s *scene) {
	for _, kind := range []string{"server", "udp"} {
		port := clustertest.PortOf(s.t, clustertest.AskRaw(s.t, s, 1, clustertest.Command{"do": "give", "kind": kind}))
		if kind == "udp" {
			s.see(kind, clustertest.AskUDP(s.t, "udp4", clustertest.Local(port), "hello"))
			continue
		}
		s.seeLine(kind, "tcp", clustertest.Local(port))
	}
	for _, at := range s.meetingPlaces() {
		s.ask(1, clustertest.Command{"do": "give", "kind": "socket", "at": at.options})
		s.seeLine("socket", at.network, at.address)
	}
}

// seeLine opens a connection and sees what its other end says, until it ends it.
func (s *scene) seeLine(what, network, address string) {
	c := clustertest.Connect(s.t, network, address)
	defer c.Close()
	line, err := c.Reader.ReadString('\n')
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
	path := filepath.Join(s.Folder, "meeting")
	return []meetingPlace{
		{"tcp", clustertest.Local(s.Port), map[string]any{"port": s.Port, "host": "127.0.0.1"}},
		{"unix", path, map[string]any{"path": path}},
	}
}

func playHandlesToWorker(s *scene) {
	if s.node.Major >= 20 { // before, Node's worker kills its primary with a server; see TestServerFromPrimary
		give, n := clustertest.Giving(1, "server", clustertest.Command{"name": "given"})
		s.Do(give)
		s.see("server", clustertest.WhoServes(s.t, "tcp", clustertest.Local(s.Reply(1, n).Port)))
		s.closeServers(1, "given")
	}
	give, n := clustertest.Giving(1, "udp", clustertest.Command{"name": "given"})
	s.Do(give)
	s.see("udp", clustertest.AskUDP(s.t, "udp4", clustertest.Local(s.Reply(1, n).Port), "hello"))
	s.closeServers(1, "given")

	for _, at := range s.meetingPlaces() {
		give, n := clustertest.Giving(1, "socket", clustertest.Command{"at": at.options})
		s.DoUntil("waits", give)
		s.see("socket", clustertest.WhoServes(s.t, at.network, at.address))
		s.Reply(1, n)
	}
}
