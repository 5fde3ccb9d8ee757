//go:build linux

package cluster_test

import (
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/nodecluster/nodecluster/nodeipc"
)

// listeningAgent starts a worker with a server.
func (s *scene) listeningAgent() int {
	w := s.agent()
	s.listen(w, map[string]any{"port": s.port, "host": "127.0.0.1"})
	return w
}

// playSlowStart has a worker that listens long after it is online, behind one that was forked later. Both leave.
func playSlowStart(s *scene) {
	slow, fast := s.agent(), s.agent()
	options := map[string]any{"port": s.port, "host": "127.0.0.1"}
	s.listen(fast, options)
	s.serves("without the slow one", s.port, 2)
	s.listen(slow, options)
	s.serves("with it", s.port, 4)
	for _, w := range []int{slow, fast} {
		s.disconnect(w)
		s.awaitEnd(w)
	}
	expectNobody(s.t, s.port)
}

// playDisconnect has a worker leave that has no server.
func playDisconnect(s *scene) {
	w := s.agent()
	s.disconnect(w)
	s.awaitEnd(w)
}

func playOwnDisconnect(s *scene) {
	w := s.listeningAgent()
	s.tell(w, command{"do": "disconnect"})
	s.awaitEnd(w)
	expectNobody(s.t, s.port)
}

func playDisconnectWithConnection(s *scene) { s.leaveWithConnection(s.disconnect) }

func playOwnDisconnectWithConnection(s *scene) {
	s.leaveWithConnection(func(w int) { s.tell(w, command{"do": "disconnect"}) })
}

// leaveWithConnection has a worker leave that a client holds, and that still sends messages meanwhile.
func (s *scene) leaveWithConnection(leave func(worker int)) {
	w := s.listeningAgent()
	c := connect(s.t, "tcp", local(s.port))
	s.see("served", c.worker(s.t) == w)
	s.settle()
	leave(w)
	s.await(s.t, "the end of the server", func(o occurrence) bool { return s.closes(w) > 0 })
	s.ask(w, command{"do": "send", "value": "still here"})
	expectNobody(s.t, s.port)
	c.Close()
	s.awaitEnd(w)
}

// playKill has a worker that would stay: Node 16 first disconnects it, and it must not have left before the signal.
func playKill(s *scene) {
	w := s.listeningAgent()
	s.ask(w, command{"do": "stay"})
	s.do(command{"do": "kill", "worker": w})
	s.awaitEnd(w)
}

func playKillWithSignal(s *scene) {
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGINT} {
		w := s.listeningAgent()
		s.ask(w, command{"do": "stay"})
		s.do(command{"do": "kill", "worker": w, "signal": nodeipc.SignalName(signal)})
		s.awaitEnd(w)
	}
}

func playOwnKill(s *scene) {
	w := s.listeningAgent()
	s.ask(w, command{"do": "stay"})
	s.tell(w, command{"do": "kill"})
	s.awaitEnd(w)
}

func playCrash(s *scene) {
	w := s.listeningAgent()
	s.tell(w, command{"do": "crash"})
	s.awaitEnd(w)
}

// playChannelClosed closes the channel under a worker that was not asked to leave.
func playChannelClosed(s *scene) {
	w := s.listeningAgent()
	s.ask(w, command{"do": "stay"})
	s.closeChannel(w)
	s.awaitEnd(w)
}

func playDisconnectAll(s *scene) {
	s.listen(1, map[string]any{"port": s.port, "host": "127.0.0.1"})
	s.do(command{"do": "disconnectAll"})
	s.awaitEvent("disconnected", 0)
	for _, w := range agents {
		s.awaitEnd(w)
	}
}

// playDeathOfPrimary sees how a worker ends whose primary was killed: this process, which takes in its orphans for
// the moment, waits for it.
func playDeathOfPrimary(s *scene) {
	w := s.listeningAgent()
	s.ask(w, command{"do": "stay"})
	orphan := s.pid(w)
	subreaper.Lock()
	defer subreaper.Unlock()
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		s.t.Fatal(err)
	}
	defer unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
	if err := s.child.Signal(syscall.SIGKILL); err != nil {
		s.t.Fatal(err)
	}
	<-s.exited
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(orphan, &status, 0, nil); err != nil {
		s.t.Fatal(err)
	}
	s.see("exit code", status.ExitStatus())
}

// subreaper is held while orphans of this process's children become its own.
var subreaper sync.Mutex
