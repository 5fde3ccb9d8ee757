//go:build linux

package worker

import (
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/modeltest"

	"golang.org/x/sys/unix"
)

// modelKey is the key of the servers that the model of a primary makes.
const modelKey = "k"

// modelPrimaryMessages are a primary's, of which the model changes some.
var modelPrimaryMessages = []modeltest.Message{
	modeltest.ClusterMessage("act", "newconn", "key", modelKey, "seq", 2),
	modeltest.ClusterMessage("act", "newconn", "key", "none", "seq", 2),
	modeltest.ClusterMessage("act", "disconnect", "seq", 3),
	modeltest.ClusterMessage("ack", 0, "seq", 4),
	reply(1, nil),
	{{Key: "cmd", Value: "NODE_HANDLE_ACK"}},
	{{Key: "cmd", Value: "NODE_HANDLE_NACK"}},
	{{Key: "cmd", Value: "NODE_SOCKET_GET_COUNT"}, {Key: "key", Value: "k"}},
	{{Key: "cmd", Value: "NODE_SOCKET_NOTIFY_CLOSE"}, {Key: "key", Value: "k"}},
	{{Key: "cmd", Value: "NODE_SOCKET_ALL_CLOSED"}, {Key: "key", Value: "k"}},
	{{Key: "cmd", Value: "NODE_DEBUG_ENABLED"}},
	{{Key: "text", Value: "a message of the user's"}},
}

// reply answers a worker that wants to listen, on the port that it asked for.
func reply(ack any, port any) modeltest.Message {
	name := map[string]any{"address": "127.0.0.1", "family": "IPv4", "port": port}
	return modeltest.ClusterMessage("errno", nil, "key", modelKey, "ack", ack, "data", nil, "sockname", name, "seq", 1)
}

// What a primary does, and what the worker's program does meanwhile.
var primarySteps = []func(*primaryModel){
	func(m *primaryModel) { m.Say(modeltest.Pick(m.Script, modelPrimaryMessages)) },
	func(m *primaryModel) {
		m.Say(modeltest.Pick(m.Script, modelPrimaryMessages), modeltest.Pick(m.Script, m.spares))
	},
	func(m *primaryModel) {
		m.Say(modeltest.Pick(m.Script, modelPrimaryMessages).Changed(m.Script, modeltest.Values))
	},
	func(m *primaryModel) {
		m.Say(modeltest.Pick(m.Script, modelPrimaryMessages).Sealed(modeltest.Pick(m.Script, modeltest.HandleTypes)), modeltest.Pick(m.Script, m.spares))
	},
	func(m *primaryModel) {
		m.Say(modeltest.Pick(m.Script, modelPrimaryMessages).Sealed(modeltest.Pick(m.Script, modeltest.HandleTypes)))
	},
	func(m *primaryModel) {
		m.Say(modeltest.Pick(m.Script, modelPrimaryMessages).Changed(m.Script, modeltest.Values).Sealed(modeltest.Pick(m.Script, modeltest.HandleTypes)), modeltest.Pick(m.Script, m.spares))
	},
	func(m *primaryModel) {
		m.Say(modeltest.Pick(m.Script, modelPrimaryMessages).Sealed(modeltest.Pick(m.Script, modeltest.HandleTypes)).Changed(m.Script, modeltest.Values), modeltest.Pick(m.Script, m.spares))
	},
	func(m *primaryModel) { m.answer(reply(nil, 8000)) },
	func(m *primaryModel) { m.answer(reply(nil, 8000).Changed(m.Script, modeltest.Values)) },
	func(m *primaryModel) {
		m.answer(reply(nil, 8000).Sealed(modeltest.Pick(m.Script, modeltest.HandleTypes)), modeltest.Pick(m.Script, m.spares))
	},
	func(m *primaryModel) { m.connection() },
	func(m *primaryModel) { m.unclear = true; m.Write(m.Take()) },
	func(m *primaryModel) { m.begin() },
	func(m *primaryModel) { m.Write(m.half) },
	func(m *primaryModel) { m.unclear = true; unix.Shutdown(m.Fd, unix.SHUT_WR) },
	func(m *primaryModel) { m.listen("tcp", "127.0.0.1:8000") },
	func(m *primaryModel) { m.listen("unix", "socket") },
	func(m *primaryModel) { m.listenPacket() },
	func(m *primaryModel) { m.closeListener() },
	func(m *primaryModel) { m.self.Disconnect() },
	func(m *primaryModel) { m.sendAndReceive() },
	func(m *primaryModel) { m.sendHandle() },
}

// FuzzPrimary has a worker's primary do anything in any order. However that goes, the worker leaves in the end, and
// nothing is left of all; and where the channel still goes on, a good server gets its connection.
func FuzzPrimary(f *testing.F) {
	for step := range primarySteps {
		for _, serialization := range []string{"\x00", "\x01"} {
			listen, answer, connection := "\x0f", "\x07", "\x0a"
			f.Add([]byte(serialization + listen + answer + connection + string(rune(step)) + "\x00\x00\x00\x00" + string(rune(step)) + "\x03\x01\x02" + connection))
			f.Add([]byte(serialization + "\x11\x10" + string(rune(step)) + "\x04\x00\x03\x00" + listen + string(rune(step)) + "\x04\x02\x02" + answer))
		}
	}
	folder := f.TempDir()
	spares := modelSpares(f)
	f.Fuzz(func(t *testing.T, input []byte) {
		t.Chdir(folder)
		before := modeltest.HoldingsNow()
		m := newPrimaryModel(t, &modeltest.Script{Bytes: input}, spares)
		for range modeltest.MaxSteps {
			if len(m.Bytes) == 0 {
				break
			}
			primarySteps[m.Next(len(primarySteps))](m)
			m.settle()
		}
		m.expectGood()
		m.end()
		before.ExpectAgain(t)
	})
}

// modelSpares are descriptors of all sorts.
func modelSpares(tb testing.TB) (fds []int) {
	for _, kind := range [][2]int{{unix.AF_INET, unix.SOCK_STREAM}, {unix.AF_INET, unix.SOCK_DGRAM}, {unix.AF_UNIX, unix.SOCK_STREAM}} {
		fd, err := unix.Socket(kind[0], kind[1]|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			tb.Fatal(err)
		}
		fds = append(fds, fd)
	}
	for _, fd := range fds[:2] {
		if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
			tb.Fatal(err)
		}
	}
	pipe := make([]int, 2)
	if err := unix.Pipe2(pipe, unix.O_CLOEXEC); err != nil {
		tb.Fatal(err)
	}
	fds = append(fds, pipe...)
	tb.Cleanup(func() {
		for _, fd := range fds {
			unix.Close(fd)
		}
	})
	return fds
}
