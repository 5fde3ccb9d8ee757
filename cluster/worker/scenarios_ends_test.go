//go:build linux

package worker_test

import (
	"sync"
	"syscall"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"golang.org/x/sys/unix"

	"github.com/nodecluster/nodecluster/nodeipc"
)

// listeningAgent starts a worker with a server.
func (s *scene) listeningAgent() int {
	w := s.agent()
	s.listen(w, map[string]any{"port": s.Port, "host": "127.0.0.1"})
	return w
}

// playSlowStart has a worker that listens long after it is online, behind one that was forked later. Both leave.
func playSlowStart(s *scene) {
	slow, fast := s.agent(), s.agent()
	options := map[string]any{"port": s.Port, "host": "127.0.0.1"}
	s.listen(fast, options)
	s.serves("without the slow one", s.Port, 2)
	s.listen(slow, options)
	s.serves("with it", s.Port, 4)
	for _, w := range []int{slow, fast} {
		s.DisconnectWorker(w)
		s.awaitEnd(w)
	}
	clustertest.ExpectNobody(s.t, s.Port)
}

// playDisconnect has a worker leave that has no server.
func playDisconnect(s *scene) {
	w := s.agent()
	s.DisconnectWorker(w)
	s.awaitEnd(w)
}

func playOwnDisconnect(s *scene) {
	w := s.listeningAgent()
	s.Tell(w, clustertest.Command{"do": "disconnect"})
	s.awaitEnd(w)
	clustertest.ExpectNobody(s.t, s.Port)
}

func playDisconnectWithConnection(s *scene) { s.leaveWithConnection(s.DisconnectWorker) }

func playOwnDisconnectWithConnection(s *scene) {
	s.leaveWithConnection(func(w int) { s.Tell(w, clustertest.Command{"do": "disconnect"}) })
}

// leaveWithConnection has a worker leave that a client holds, and that still sends messages meanwhile.
func (s *scene) leaveWithConnection(leave func(worker int)) {
	w := s.listeningAgent()
	c := clustertest.Connect(s.t, "tcp", clustertest.Local(s.Port))
	s.see("served", c.Worker(s.t) == w)
	s.settle()
	leave(w)
	s.Await(s.t, "the end of the server", func(o clustertest.Occurrence) bool { return s.Closes(w) > 0 })
	s.ask(w, clustertest.Command{"do": "send", "value": "still here"})
	clustertest.ExpectNobody(s.t, s.Port)
	c.Close()
	s.awaitEnd(w)
}

// playKill has a worker that would stay: Node 16 first disconnects it, and it must not have left before the signal.
func playKill(s *scene) {
	w := s.listeningAgent()
	s.ask(w, clustertest.Command{"do": "stay"})
	s.Do(clustertest.Command{"do": "kill", "worker": w})
	s.awaitEnd(w)
}

func playKillWithSignal(s *scene) {
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGINT} {
		w := s.listeningAgent()
		s.ask(w, clustertest.Command{"do": "stay"})
		s.Do(clustertest.Command{"do": "kill", "worker": w, "signal": nodeipc.SignalName(signal)})
		s.awaitEnd(w)
	}
}

func playOwnKill(s *scene) {
	w := s.listeningAgent()
	s.ask(w, clustertest.Command{"do": "stay"})
	s.Tell(w, clustertest.Command{"do": "kill"})
	s.awaitEnd(w)
}

func playCrash(s *scene) {
	w := s.listeningAgent()
	s.Tell(w, clustertest.Command{"do": "crash"})
	s.awaitEnd(w)
}

// playChannelClosed closes the channel under a worker that was not asked to leave.
func playChannelClosed(s *scene) {
	w := s.listeningAgent()
	s.ask(w, clustertest.Command{"do": "stay"})
	s.CloseChannel(w)
	s.awaitEnd(w)
}

func playDisconnectAll(s *scene) {
	s.listen(1, map[string]any{"port": s.Port, "host": "127.0.0.1"})
	s.Do(clustertest.Command{"do": "disconnectAll"})
	s.AwaitEvent("disconnected", 0)
	for _, w := range agents {
		s.awaitEnd(w)
	}
}

// playDeathOfPrimary sees how a worker ends whose primary was killed: this process, which takes in its orphans for
// the moment, waits for it.
func playDeathOfPrimary(s *scene) {
	w := s.listeningAgent()
	s.ask(w, clustertest.Command{"do": "stay"})
	orphan := s.Pid(w)
	subreaper.Lock()
	defer subreaper.Unlock()
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		s.t.Fatal(err)
	}
	defer unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
	if err := s.Child.Signal(syscall.SIGKILL); err != nil {
		s.t.Fatal(err)
	}
	<-s.Exited
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(orphan, &status, 0, nil); err != nil {
		s.t.Fatal(err)
	}
	s.see("exit code", status.ExitStatus())
}

// subreaper is held while orphans of this process's children become its own.
var subreaper sync.Mutex
