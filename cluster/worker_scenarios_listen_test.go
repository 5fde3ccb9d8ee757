//go:build linux

package cluster_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
)

var agents = []int{1, 2}

func (s *scene) listen(worker int, options map[string]any, more ...any) int {
	s.t.Helper()
	return clustertest.Listen(s.t, s, worker, options, more...)
}

func (s *scene) closeServers(worker int, names ...string) { closeServers(s.t, s, worker, names...) }

// serves opens connections, each when the one before is told of, and sees how many each worker has. Without a policy of the
// primary's it is the kernel's choice, and only that all are served is seen.
func (s *scene) serves(what string, port, connections int) {
	served := map[int]int{}
	for range connections {
		served[clustertest.WhoServes(s.t, "tcp", clustertest.Local(port))]++
		s.settle()
	}
	if s.policy == cluster.SchedNone {
		total := 0
		for _, n := range served {
			total += n
		}
		s.see(what, total)
		return
	}
	s.see(what, served)
}

func playListen(s *scene) {
	options := map[string]any{"port": s.port, "host": "127.0.0.1"}
	s.listen(1, options)
	s.serves("one worker", s.port, 2)
	s.listen(2, options)
	s.serves("two workers", s.port, 6)
	s.ask(1, clustertest.Command{"do": "state"})
	s.closeServers(1, "tcp")
	s.serves("the other worker", s.port, 2)
	s.closeServers(2, "tcp")
	expectNobody(s.t, s.port)
}

func playAddresses(s *scene) {
	for _, c := range listenCases(s.place) {
		switch {
		case c.name == "fractional backlog" || c.name == "path for some":
			continue // Go has types
		case c.name == "unspecified IPv6 only" && s.node.Major < 22:
			continue // Node's worker does not tell its primary
		}
		for _, w := range agents {
			s.see(c.name, s.ask(w, clustertest.Command{"do": "listen", "options": c.options}))
		}
		s.see(c.name, s.reach(c.endpoints))
		for _, w := range agents {
			s.closeServers(w, "tcp")
		}
	}
}

// reach returns the endpoints at which a worker answers.
func (s *scene) reach(endpoints []string) (reached []string) {
	for _, endpoint := range endpoints {
		network, address, _ := strings.Cut(endpoint, " ")
		conn, err := net.Dial(network, address)
		if err != nil {
			continue
		}
		if _, err := bufio.NewReader(conn).ReadString('\n'); err != nil {
			s.t.Errorf("%s: %v", endpoint, err)
		}
		conn.Close()
		s.settle()
		reached = append(reached, endpoint)
	}
	return reached
}

func playTwoServers(s *scene) {
	other := map[string]any{"port": 0, "host": "127.0.0.1"}
	s.listen(1, map[string]any{"port": s.port})
	port := s.listen(1, other, "name", "other")
	s.serves("the first", s.port, 2)
	s.serves("the second", port, 2)
	s.closeServers(1, "tcp")
	s.serves("the second alone", port, 2)
	s.closeServers(1, "other")
}

// playTwoServersOnOnePort is not for the agents of the other scenarios: see forgetsFailed.
func playTwoServersOnOnePort(s *scene) {
	w := s.agent()
	if s.policy == cluster.SchedNone && s.node.Major >= 22 {
		return // it is the end of Node's worker; see TestSecondServerOnOnePort
	}
	options := map[string]any{"port": s.port, "host": "127.0.0.1"}
	s.listen(w, options)
	s.see("second", s.ask(w, clustertest.Command{"do": "listen", "name": "second", "options": options}))
	s.serves("the first", s.port, 2)
	s.closeServers(w, "tcp")
	expectNobody(s.t, s.port)
}

func playPort0(s *scene) {
	options := map[string]any{"port": 0, "host": "127.0.0.1"}
	first, second := s.listen(1, options), s.listen(2, options)
	s.see("one port for both", first == second)
	third := s.listen(1, options, "name", "other")
	s.see("another port for the second server", third != first)
	s.serves("the second server", third, 2)
	s.closeServers(1, "tcp", "other")
	s.serves("the other worker", first, 2)
	s.closeServers(2, "tcp")
	expectNobody(s.t, first)
}

func playListenAgain(s *scene) {
	options := map[string]any{"port": s.port, "host": "127.0.0.1"}
	s.listen(2, options)
	for range 3 {
		s.listen(1, options)
		s.serves("both", s.port, 4)
		s.closeServers(1, "tcp")
	}
	s.closeServers(2, "tcp")
	s.listen(1, options)
	s.serves("once nobody had listened", s.port, 2)
	s.closeServers(1, "tcp")
}

// playMaxConnections has a worker with room for one connection. What it refuses goes to the other one; a connection
// to a socket of its own it closes.
func playMaxConnections(s *scene) {
	options := map[string]any{"port": s.port, "host": "127.0.0.1"}
	s.listen(1, options, "maxConnections", 1)
	held := clustertest.Connect(s.t, "tcp", clustertest.Local(s.port))
	s.see("held by", held.Worker(s.t))
	if s.policy == cluster.SchedRR {
		s.listen(2, options)
		s.serves("others", s.port, 4)
		s.closeServers(2, "tcp")
	} else {
		_, err := clustertest.Connect(s.t, "tcp", clustertest.Local(s.port)).Greeting()
		s.see("others", errors.Is(err, io.EOF))
	}
	held.Close()
	s.ask(1, clustertest.Command{"do": "idle"})
	s.serves("room again", s.port, 1)
	s.closeServers(1, "tcp")
}

func playDescriptor(s *scene) {
	for _, w := range agents {
		s.see("address", s.ask(w, clustertest.Command{"do": "listen", "options": map[string]any{"fd": 3}}))
	}
	for _, w := range agents {
		s.closeServers(w, "tcp")
	}
}

// playExclusive has a server that the primary does not hear of.
func playExclusive(s *scene) {
	s.listen(1, map[string]any{"port": s.port, "host": "127.0.0.1", "exclusive": true})
	s.see("second", s.ask(2, clustertest.Command{"do": "listen", "options": map[string]any{"port": s.port, "host": "127.0.0.1", "exclusive": true}}))
	s.see("served by", clustertest.WhoServes(s.t, "tcp", clustertest.Local(s.port)))
	s.closeServers(1, "tcp")
	expectNobody(s.t, s.port)
}

// playErrors tries addresses that are not to be had, and then whether one of them is once it is free.
func playErrors(s *scene) {
	w, file := s.Last, filepath.Join(s.folder, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		s.t.Fatal(err)
	}
	for _, options := range []map[string]any{
		{"port": s.taken, "host": "127.0.0.1"},
		{"port": s.taken},
		{"port": s.port, "host": "192.0.2.1"},
		{"port": s.port, "host": "2001:db8::1"},
		{"path": filepath.Join(s.folder, "none", "socket")},
		{"path": file},
		{"fd": 12345},
	} {
		s.see("answer", s.ask(w, clustertest.Command{"do": "listen", "options": options}))
	}
	if err := os.Remove(file); err != nil {
		s.t.Fatal(err)
	}
	s.see("once it is free", s.ask(w, clustertest.Command{"do": "listen", "options": map[string]any{"path": file}}))
	s.closeServers(w, "tcp")
}

// playPrivilegedPort has the primary be an ordinary user for a moment, where it is not one anyway.
func playPrivilegedPort(s *scene) {
	w := s.Last
	if os.Geteuid() == 0 {
		s.DoUntil("became", clustertest.Command{"do": "become", "uid": 65534})
		defer s.DoUntil("became", clustertest.Command{"do": "become", "uid": 0})
	}
	s.see("answer", s.ask(w, clustertest.Command{"do": "listen", "options": map[string]any{"port": 80, "host": "127.0.0.1"}}))
	s.Tell(w, clustertest.Command{"do": "exit", "code": 42})
	s.awaitEnd(w)
}

func playUnixSocket(s *scene) {
	path := filepath.Join(s.folder, "socket")
	for _, w := range agents {
		s.see("address", s.ask(w, clustertest.Command{"do": "listen", "options": map[string]any{"path": path}}))
	}
	served := clustertest.WhoServes(s.t, "unix", path)
	s.see("served", slices.Contains(agents, served))
	s.closeServers(1, "tcp")
	s.see("served by", clustertest.WhoServes(s.t, "unix", path))
	s.closeServers(2, "tcp")
	_, err := os.Stat(path)
	s.see("removed", os.IsNotExist(err))
	here, err := os.Getwd()
	if err != nil {
		s.t.Fatal(err)
	}
	relative, err := filepath.Rel(here, path)
	if err != nil {
		s.t.Fatal(err)
	}
	s.see("relative", s.ask(1, clustertest.Command{"do": "listen", "options": map[string]any{"path": relative}}))
	s.see("served by", clustertest.WhoServes(s.t, "unix", path))
	s.closeServers(1, "tcp")
}

func playUDP(s *scene) {
	for _, b := range bindEverywhere(s.t, s, s.place).([]bound) {
		for _, a := range b.Answers {
			if a.Error != nil {
				a.Error.Address, a.Error.Port = "", nil
			}
		}
		s.see(b.Name, b)
	}
	s.ask(1, clustertest.Command{"do": "bind", "socket": "udp4", "options": map[string]any{"port": 0, "address": "127.0.0.1"}})
	second := s.ask(2, clustertest.Command{"do": "bind", "socket": "udp4", "options": map[string]any{"port": 0, "address": "127.0.0.1"}})
	worker, text, _ := strings.Cut(clustertest.AskUDP(s.t, "udp4", clustertest.Local(clustertest.PortOf(s.t, second.Address)), "hello"), " ")
	s.see("answer", text)
	s.see("answered by one of them", worker == "1" || worker == "2")
	for _, w := range agents {
		s.closeServers(w, "udp")
	}
}
