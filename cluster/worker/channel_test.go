//go:build linux

package worker_test

import (
	"bufio"
	"encoding/json"
	"net"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// channelPair makes both ends of a channel, the worker's as a descriptor.
func channelPair(t *testing.T) (ours *net.UnixConn, theirs int) {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(pair[0]), "primary")
	defer file.Close()
	conn, err := net.FileConn(file)
	if err != nil {
		t.Fatal(err)
	}
	return conn.(*net.UnixConn), pair[1]
}

// await reads what a worker says until it is about act, and gives the number of that message.
func await(t *testing.T, messages *bufio.Reader, act string) (seq int) {
	t.Helper()
	for {
		line, err := messages.ReadBytes('\n')
		if err != nil {
			t.Fatal(err)
		}
		var m struct {
			Act string
			Seq int
		}
		if json.Unmarshal(line, &m) == nil && m.Act == act {
			return m.Seq
		}
	}
}
