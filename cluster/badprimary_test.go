//go:build linux

package cluster_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster/worker"

	"golang.org/x/sys/unix"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// badPrimaries are what no primary says to a worker, and what ends the worker's channel then: nil where it goes on.
var badPrimaries = []struct {
	name string
	only nodeipc.Serialization // what it is said in; empty for both
	says string
	raw  bool // it is no message
	want error
	why  string
}{
	{"garbage", nodeipc.JSON, "{{{\n", true, nodeipc.ErrProtocol, "not JSON: invalid character"},
	{"garbage in a frame", nodeipc.Advanced, framed("garbage"), true, nodeipc.ErrProtocol, "at byte 0"},
	{"broken UTF-8", nodeipc.JSON, "\"a\xff\"\n", true, nil, ""},
	{"a frame of 4 GiB", nodeipc.Advanced, "\xff\xff\xff\xff", true, nodeipc.ErrMessageTooLarge, "67108864 bytes"},
	{"an ACK for nothing", "", `{"cmd":"NODE_HANDLE_ACK"}`, false, nodeipc.ErrProtocol, "ACK for no handle"},
	{"a handle without a descriptor", "", `{"cmd":"NODE_HANDLE","type":"net.Native","msg":{"cmd":"NODE_CLUSTER","act":"newconn","key":"k","seq":1}}`, false, nil, ""},
	{"a connection without a handle", "", `{"cmd":"NODE_CLUSTER","act":"newconn","key":"k","seq":1}`, false, nil, ""},
	{"a connection for no server", "", `{"cmd":"NODE_CLUSTER","act":"newconn","key":"none","seq":1}`, false, nil, ""},
	{"an answer for nothing", "", `{"cmd":"NODE_CLUSTER","ack":1000,"errno":0,"key":"k","seq":1}`, false, nil, ""},
	{"an unknown act", "", `{"cmd":"NODE_CLUSTER","act":"unknown","seq":1}`, false, nil, ""},
	{"an act that is a number", "", `{"cmd":"NODE_CLUSTER","act":1,"seq":1}`, false, nodeipc.ErrProtocol, "act"},
	{"a key that is an object", "", `{"cmd":"NODE_CLUSTER","act":"newconn","key":{},"seq":1}`, false, nodeipc.ErrProtocol, "key"},
	{"an ack that is text", "", `{"cmd":"NODE_CLUSTER","ack":"1","seq":1}`, false, nodeipc.ErrProtocol, "ack"},
	{"an errno that is text", "", `{"cmd":"NODE_CLUSTER","ack":1000,"errno":"EACCES","seq":1}`, false, nodeipc.ErrProtocol, "errno"},
	{"a name that is text", "", `{"cmd":"NODE_CLUSTER","ack":1000,"sockname":"text","seq":1}`, false, nodeipc.ErrProtocol, "sockname"},
	{"a port that is text", "", `{"cmd":"NODE_CLUSTER","ack":1000,"sockname":{"port":"text"},"seq":1}`, false, nodeipc.ErrProtocol, "port"},
}

// said is what is said of a bad primary as it is on the channel.
func said(t *testing.T, s nodeipc.Serialization, text string, raw bool) []byte {
	t.Helper()
	switch {
	case raw:
		return []byte(text)
	case s == nodeipc.JSON:
		return []byte(text + "\n")
	}
	frame, err := advancedFrame(text)
	if err != nil {
		t.Fatal(err)
	}
	return []byte(frame)
}

// However a primary misbehaves, the worker's program goes on, and is told in one line what was wrong, or goes on
// listening.
func TestBadPrimaries(t *testing.T) {
	for _, s := range []nodeipc.Serialization{nodeipc.JSON, nodeipc.Advanced} {
		for _, bad := range badPrimaries {
			if bad.only != "" && bad.only != s {
				continue
			}
			t.Run(string(s)+"/"+bad.name, func(t *testing.T) {
				nodetest.NoLeaks(t)
				ours, theirs := channelPair(t)
				defer ours.Close()
				self := joinIn(t, s, theirs)
				defer self.Close()
				if _, err := ours.Write(said(t, s, bad.says, bad.raw)); err != nil {
					t.Fatal(err)
				}
				if bad.want == nil {
					expectListens(t, self, s, ours)
					return
				}
				<-self.Done()
				cause := context.Cause(awaitEnd(t, self))
				if !errors.Is(cause, worker.ErrPrimaryLost) || !errors.Is(cause, bad.want) {
					t.Errorf("the context ended with %v, want %v and %v", cause, worker.ErrPrimaryLost, bad.want)
				}
				if text := cause.Error(); !strings.Contains(text, "worker 7") || !strings.Contains(text, bad.why) || strings.ContainsAny(text, "\r\n") || len(text) > 300 {
					t.Errorf("the cause is not one line that says whose channel ended and %q: %q", bad.why, text)
				}
				if _, err := self.Listen(context.Background(), "tcp", "127.0.0.1:0"); !errors.Is(err, bad.want) {
					t.Errorf("listen: %v", err)
				}
			})
		}
	}
}

// A worker acknowledges as many descriptors as come, keeps those for Receive of which there may be so many, and closes the
// others and what came without being announced.
func TestFloodOfDescriptorsToAWorker(t *testing.T) {
	for _, s := range []nodeipc.Serialization{nodeipc.JSON, nodeipc.Advanced} {
		t.Run(string(s), func(t *testing.T) {
			nodetest.NoLeaks(t)
			ours, theirs := channelPair(t)
			defer ours.Close()
			self := joinIn(t, s, theirs)
			defer self.Close()
			before := clustertest.OpenDescriptors(t)
			r := bufio.NewReader(ours)
			const handle = `{"cmd":"NODE_HANDLE","type":"net.Native","msg":%s}`
			newconn := fmt.Sprintf(handle, `{"cmd":"NODE_CLUSTER","act":"newconn","key":"none","seq":1}`)
			for _, text := range []string{`"not announced"`, fmt.Sprintf(handle, `"one announced"`), newconn} {
				sendDescriptors(t, ours, said(t, s, text, false), 64)
			}
			expectACKs(t, s, r, 2)
			expectOpen(t, before, before+1)
			const row = 300
			for i := range row {
				sendDescriptors(t, ours, said(t, s, fmt.Sprintf(handle, fmt.Sprint(i)), false), 1)
			}
			expectACKs(t, s, r, row)
			const mostKept = 16<<20/(64<<10) + 1
			expectOpen(t, before+mostKept/2, before+mostKept)
			expectListens(t, self, s, ours)
		})
	}
}

// expectOpen waits until so many descriptors are open. Those that the worker has no use for are closed after the ACK of their message.
func expectOpen(t *testing.T, least, most int) {
	t.Helper()
	n := 0
	if !clustertest.Eventually(func() bool { n = clustertest.OpenDescriptors(t); return n >= least && n <= most }) {
		t.Errorf("%d descriptors are open, want %d to %d", n, least, most)
	}
}

// sendDescriptors writes a message with so many copies of a descriptor.
func sendDescriptors(t *testing.T, c *net.UnixConn, message []byte, n int) {
	t.Helper()
	rights := unix.UnixRights(slices.Repeat([]int{int(os.Stdin.Fd())}, n)...)
	if _, _, err := c.WriteMsgUnix(message, rights, nil); err != nil {
		t.Fatal(err)
	}
}

// expectACKs reads what a worker says until it has acknowledged so many handles.
func expectACKs(t *testing.T, s nodeipc.Serialization, r *bufio.Reader, n int) {
	t.Helper()
	for n > 0 {
		text, err := readMessage(s, r)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case strings.Contains(string(text), `"NODE_HANDLE_ACK"`):
			n--
		case strings.Contains(string(text), `"NODE_HANDLE_NACK"`):
			t.Fatal("a handle did not arrive")
		}
	}
}

func joinIn(t *testing.T, s nodeipc.Serialization, fd int) *worker.Process {
	t.Helper()
	for name, value := range map[string]string{
		"NODE_UNIQUE_ID": "7", "NODE_CHANNEL_FD": strconv.Itoa(fd), "NODE_CHANNEL_SERIALIZATION_MODE": string(s),
	} {
		t.Setenv(name, value)
	}
	self, err := worker.JoinWith(context.Background(), worker.JoinOptions{OutlivePrimary: true})
	if err != nil {
		t.Fatal(err)
	}
	return self
}

func awaitEnd(t *testing.T, self *worker.Process) context.Context {
	t.Helper()
	select {
	case <-self.Context().Done():
	case <-clustertest.Patient(t).Done():
		t.Fatal("the worker's context does not end")
	}
	return self.Context()
}

// expectListens has the worker listen, and its primary say that it may.
func expectListens(t *testing.T, self *worker.Process, s nodeipc.Serialization, primary net.Conn) {
	t.Helper()
	answered := make(chan error, 1)
	go func() {
		seq, err := awaitQuestion(s, bufio.NewReader(primary))
		if err == nil {
			_, err = primary.Write(said(t, s, fmt.Sprintf(
				`{"cmd":"NODE_CLUSTER","errno":0,"key":"k","ack":%d,"sockname":{"address":"127.0.0.1","family":"IPv4","port":8000},"seq":2}`, seq), false))
		}
		answered <- err
	}()
	l, err := self.Listen(clustertest.Patient(t), "tcp", "127.0.0.1:8000")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := <-answered; err != nil {
		t.Error(err)
	}
}

// awaitQuestion reads what a worker says until it asks for a server, and returns the number of the question.
func awaitQuestion(s nodeipc.Serialization, r *bufio.Reader) (int, error) {
	for {
		text, err := readMessage(s, r)
		if err != nil {
			return 0, err
		}
		var m struct {
			Act string
			Seq int
		}
		if json.Unmarshal(text, &m) == nil && m.Act == "queryServer" {
			return m.Seq, nil
		}
	}
}

// readMessage reads a message as JSON.
func readMessage(s nodeipc.Serialization, r *bufio.Reader) (text json.RawMessage, err error) {
	if s == nodeipc.JSON {
		return r.ReadBytes('\n')
	}
	var length uint32
	if err := binary.Read(r, binary.BigEndian, &length); err != nil {
		return nil, err
	}
	payload := make([]byte, length)
	if _, err := io.ReadFull(r, payload); err != nil {
		return nil, err
	}
	return text, structuredclone.Unmarshal(payload, &text)
}

// A worker's process ends with the code that Node's has, and says why, where its primary breaks the protocol.
func TestExitOfAWorkerWithABadPrimary(t *testing.T) {
	for what, c := range map[string]struct {
		says string
		code int
		text string
	}{
		"garbage":        {"{{{\n", 1, "worker: the primary is gone: the channel of worker 7: the peer broke the protocol: not JSON"},
		"its death":      {"", 0, ""},
		"half a message": {`{"cmd":`, 0, ""},
	} {
		t.Run(what, func(t *testing.T) {
			nodetest.NoLeaks(t)
			ours, theirs := channelPair(t)
			file := os.NewFile(uintptr(theirs), "worker")
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(append(os.Environ(), clustertest.AsProgram("greeter")...), "NODE_UNIQUE_ID=7", "NODE_CHANNEL_FD=3")
			cmd.ExtraFiles = []*os.File{file}
			var stderr strings.Builder
			cmd.Stderr = &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			file.Close()
			if _, err := ours.Write([]byte(c.says)); err != nil {
				t.Error(err)
			}
			ours.CloseWrite()
			cmd.Wait()
			ours.Close()
			if code := cmd.ProcessState.ExitCode(); code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			if text := strings.TrimSuffix(stderr.String(), "\n"); !strings.Contains(text, c.text) || strings.Contains(text, "\n") || c.text == "" && text != "" {
				t.Errorf("the worker says %q, want one line with %q", text, c.text)
			}
		})
	}
}
