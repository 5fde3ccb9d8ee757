//go:build linux

package cluster

import (
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/modeltest"

	"golang.org/x/sys/unix"
)

// workerMessages are a worker's, of which the model changes some. The first question is that of the good worker.
var workerMessages = []modeltest.Message{
	modeltest.ClusterMessage("act", "queryServer", "address", "127.0.0.1", "port", 0, "addressType", 4, "fd", nil, "flags", 0, "backlog", 511, "index", 0, "data", nil, "seq", 1),
	modeltest.ClusterMessage("act", "queryServer", "address", "127.0.0.1", "port", 0, "addressType", 4, "index", 1, "data", map[string]any{"ticketKeys": "00"}, "seq", 1),
	modeltest.ClusterMessage("act", "queryServer", "address", nil, "port", 0, "addressType", 6, "flags", 1, "index", 0, "seq", 1),
	modeltest.ClusterMessage("act", "queryServer", "address", "socket", "port", -1, "addressType", -1, "readableAll", true, "index", 0, "seq", 1),
	modeltest.ClusterMessage("act", "queryServer", "address", "127.0.0.1", "port", 0, "addressType", "udp4", "fd", -1, "flags", 4, "index", 0, "seq", 1),
	modeltest.ClusterMessage("act", "queryServer", "fd", 0, "addressType", nil, "seq", 1),
	modeltest.ClusterMessage("act", "online", "seq", 0),
	modeltest.ClusterMessage("act", "listening", "address", "127.0.0.1", "port", 80, "addressType", 4, "seq", 2),
	modeltest.ClusterMessage("act", "close", "key", "127.0.0.1:0:4:null:0", "seq", 3),
	modeltest.ClusterMessage("act", "close", "key", "none", "seq", 3),
	modeltest.ClusterMessage("act", "exitedAfterDisconnect", "seq", 4),
	modeltest.ClusterMessage("ack", 0, "accepted", true, "seq", 5),
	{{Key: "cmd", Value: "NODE_HANDLE_ACK"}},
	{{Key: "cmd", Value: "NODE_HANDLE_NACK"}},
	{{Key: "cmd", Value: "NODE_SOCKET_GET_COUNT"}, {Key: "key", Value: "k"}},
	{{Key: "cmd", Value: "NODE_SOCKET_NOTIFY_CLOSE"}, {Key: "key", Value: "k"}},
	{{Key: "cmd", Value: "NODE_SOCKET_COUNT"}, {Key: "key", Value: "k"}, {Key: "count", Value: 1}},
	{{Key: "cmd", Value: "NODE_OTHER"}},
	{{Key: "text", Value: "a message of the user's"}},
}

// What a bad worker does.
var workerSteps = []func(*workerModel, *modelWorker){
	func(m *workerModel, w *modelWorker) { w.Say(workerMessages[0]) },
	func(m *workerModel, w *modelWorker) { w.Say(modeltest.Pick(m.Script, workerMessages)) },
	func(m *workerModel, w *modelWorker) {
		w.Say(modeltest.Pick(m.Script, workerMessages).Changed(m.Script, modeltest.Values))
	},
	func(m *workerModel, w *modelWorker) {
		w.Say(modeltest.Pick(m.Script, workerMessages).Changed(m.Script, modeltest.Values).Sealed(modeltest.Pick(m.Script, modeltest.HandleTypes)), m.spare)
	},
	func(m *workerModel, w *modelWorker) {
		w.Say(modeltest.Pick(m.Script, workerMessages).Sealed(modeltest.Pick(m.Script, modeltest.HandleTypes)).Changed(m.Script, modeltest.Values), m.spare)
	},
	func(m *workerModel, w *modelWorker) {
		w.Say(modeltest.Pick(m.Script, workerMessages).Sealed(modeltest.Pick(m.Script, modeltest.HandleTypes)))
	},
	func(m *workerModel, w *modelWorker) {
		w.Say(modeltest.Pick(m.Script, workerMessages), m.spare, m.spare)
	},
	func(m *workerModel, w *modelWorker) { w.answer(m, true, true) },
	func(m *workerModel, w *modelWorker) { w.answer(m, false, true) },
	func(m *workerModel, w *modelWorker) { w.answer(m, m.Next(2) == 0, false) },
	func(m *workerModel, w *modelWorker) { w.Write(m.Take()) },
	func(m *workerModel, w *modelWorker) { w.begin(m) },
	func(m *workerModel, w *modelWorker) { w.Write(w.half) },
	func(m *workerModel, w *modelWorker) { m.connect() },
	func(m *workerModel, w *modelWorker) { m.connect() },
	func(m *workerModel, w *modelWorker) { m.fork() },
	func(m *workerModel, w *modelWorker) { w.end(m) },
	func(m *workerModel, w *modelWorker) { unix.Shutdown(w.Fd, unix.SHUT_WR) },
	func(m *workerModel, w *modelWorker) { w.fake.Disconnect() },
	func(m *workerModel, w *modelWorker) { m.send(w) },
	func(m *workerModel, w *modelWorker) { m.sendHandle(w) },
	func(m *workerModel, w *modelWorker) { m.forkStandby() },
	func(m *workerModel, w *modelWorker) { w.fake.Activate() },
	func(m *workerModel, w *modelWorker) {
		m.primary.Switch([]*Worker{w.fake.Worker}, []*Worker{modeltest.Pick(m.Script, m.bad).fake.Worker})
	},
}

// FuzzWorkers has workers do anything in any order. However that goes, the good one still gets a connection, the primary
// can be closed, and nothing is left of all.
func FuzzWorkers(f *testing.F) {
	for step := range workerSteps {
		for _, begin := range []string{"\x00\x00\x00", "\x01\x00\x01", "\x00\x01\x02", "\x01\x01\x00"} {
			query, connect := "\x00\x00", "\x00\x0d"
			f.Add([]byte(begin + query + connect + connect + "\x00" + string(rune(step)) + "\x00\x00\x00\x00\x00" + string(rune(step)) + "\x03\x01\x02" + connect))
		}
	}
	f.Add([]byte("0000")) // a client that keeps to a worker which has ended
	folder := f.TempDir()
	spare, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { unix.Close(spare) })
	f.Fuzz(func(t *testing.T, input []byte) {
		t.Chdir(folder)
		before := modeltest.HoldingsNow()
		s := &modeltest.Script{Bytes: input}
		settings := Settings{Serialization: s.Serialization(), SchedulingPolicy: modeltest.Pick(s, SchedulingPolicies())}
		holds := s.Next(3)
		settings.HoldListeners, settings.HoldWhenLeaving = holds > 0, holds > 1
		m := newWorkerModel(t, s, settings, spare)
		for range modeltest.MaxSteps {
			if len(m.Bytes) == 0 {
				break
			}
			w := m.bad[m.Next(len(m.bad))]
			workerSteps[m.Next(len(workerSteps))](m, w)
			m.settle()
		}
		m.expectGood()
		before.ExpectAgain(t)
	})
}
