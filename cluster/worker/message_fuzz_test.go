//go:build linux

package worker_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/worker"

	"golang.org/x/sys/unix"
)

// primaryMessages are what primaries send: number 0 is the worker's online, 1 the question for its server.
var primaryMessages = []string{
	`{"cmd":"NODE_CLUSTER","errno":null,"key":"k","ack":1,"data":null,"sockname":{"address":"127.0.0.1","family":"IPv4","port":8000},"seq":0}`,
	`{"cmd":"NODE_CLUSTER","errno":-98,"key":"k","ack":1,"data":null,"seq":0}`,
	`{"cmd":"NODE_CLUSTER","errno":0,"key":"k","ack":1,"seq":0}`,
	`{"cmd":"NODE_CLUSTER","act":"disconnect","seq":1}`,
	`{"cmd":"NODE_CLUSTER","act":"newconn","key":"k","seq":2}`,
	`{"cmd":"NODE_HANDLE","type":"net.Native","msg":{"cmd":"NODE_CLUSTER","act":"newconn","key":"k","seq":2}}`,
	`{"cmd":"NODE_HANDLE","type":"net.Native","msg":{"cmd":"NODE_CLUSTER","errno":0,"key":"k","ack":1,"data":null,"seq":0}}`,
	`{"cmd":"NODE_HANDLE","type":"dgram.Native","msg":{"cmd":"NODE_CLUSTER","errno":0,"key":"u","ack":2,"seq":0}}`,
	`{"cmd":"NODE_CLUSTER","ack":4294967295}`,
	`{"cmd":"NODE_CLUSTER","ack":-1}`,
	`{"cmd":"NODE_DEBUG_ENABLED"}`,
	`{"cmd":"NODE_HANDLE_ACK"}`,
	`"text"`,
}

// FuzzPrimaryMessage has a worker that listens hear what no primary says, with a descriptor beside it.
func FuzzPrimaryMessage(f *testing.F) {
	for _, m := range primaryMessages {
		f.Add([]byte(m + "\n"))
		f.Add([]byte(primaryMessages[0] + "\n" + m + "\n" + m + "\n"))
	}
	f.Fuzz(func(t *testing.T, said []byte) {
		ours, theirs := channelPair(t)
		self := joinChannel(t, theirs)
		var running sync.WaitGroup
		running.Go(func() { listenAndAccept(self) })
		running.Go(func() { readPacket(self) })
		awaitQuestions(t, ours)
		running.Go(func() { io.Copy(io.Discard, ours) })
		sendWithDescriptor(ours, said)
		ours.CloseWrite()
		<-self.Done()
		if err := self.Close(); err != nil {
			t.Error(err)
		}
		ours.Close()
		running.Wait()
	})
}

func joinChannel(t *testing.T, fd int) *worker.Process {
	t.Helper()
	for name, value := range map[string]string{
		"NODE_UNIQUE_ID": "1", "NODE_CHANNEL_FD": strconv.Itoa(fd), "NODE_CHANNEL_SERIALIZATION_MODE": "json",
	} {
		if err := os.Setenv(name, value); err != nil {
			t.Fatal(err)
		}
	}
	self, err := worker.JoinWith(context.Background(), worker.JoinOptions{OutlivePrimary: true})
	if err != nil {
		t.Fatal(err)
	}
	return self
}

func listenAndAccept(self *worker.Process) {
	l, err := self.Listen(context.Background(), "tcp", "127.0.0.1:8000")
	if err != nil {
		return
	}
	defer l.Close()
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		conn.Close()
	}
}

func readPacket(self *worker.Process) {
	conn, err := self.ListenPacket(context.Background(), "udp4", "127.0.0.1:8000")
	if err != nil {
		return
	}
	conn.Close()
}

// awaitQuestions reads what the worker says until it has asked for both of its servers.
func awaitQuestions(t *testing.T, conn *net.UnixConn) {
	t.Helper()
	reader := bufio.NewReader(conn)
	for questions := 0; questions < 2; {
		line, err := reader.ReadBytes('\n')
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(line, []byte("queryServer")) {
			questions++
		}
	}
}

// sendWithDescriptor sends bytes with a descriptor of a socket beside the first one. The worker may not want to read
// them all.
func sendWithDescriptor(conn *net.UnixConn, said []byte) {
	if len(said) == 0 {
		return
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	if _, _, err := conn.WriteMsgUnix(said, unix.UnixRights(fd), nil); err != nil {
		return
	}
}
