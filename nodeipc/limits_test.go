//go:build linux

package nodeipc_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"golang.org/x/sys/unix"
)

// runSelf runs this program as a process of its own, because what it does to itself cannot be undone.
func runSelf(t *testing.T, program string, args ...string) string {
	t.Helper()
	cmd := self(t, program)
	cmd.Args = append(cmd.Args, args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s%s", err, out, stderr.String())
	}
	return string(out)
}

// setFileLimit says how many descriptors there may be; fewer than there are only means that no more come.
func setFileLimit(n uint64) error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	limit.Cur = n
	return unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
}

// The child tells of each NACK, and goes on when it is told to.
const retransmittingScript = `
	const { readSync, writeSync } = require('fs');
	process.on('warning', (w) => console.log(w.name));
	process.prependListener('internalMessage', ({ cmd }) => {
		if (cmd !== 'NODE_HANDLE_NACK') return;
		writeSync(1, 'NACK\n');
		readSync(0, Buffer.alloc(1));
	});
	const net = require('net');
	const server = net.createServer((socket) => {
		process.send({ the: 'socket' }, socket);
		process.send('after');
		server.close();
	});
	server.listen(0, '127.0.0.1', () => net.connect(server.address().port));
	process.on('message', () => process.exit());`

func init() {
	childPrograms["receive without descriptors"] = func() error { return receiveWithoutDescriptors(os.Args[1], os.Args[2], os.Args[3]) }
}

// receiveWithoutDescriptors receives a socket from Node while this process has no descriptor left for it, or
// has one again after the first attempt.
func receiveWithoutDescriptors(node, script, recover string) error {
	cmd := exec.Command(node, script)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	child, err := nodeipc.Start(cmd, nodeipc.Options{Paused: true})
	if err != nil {
		return err
	}
	defer child.Close()
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
		return err
	}
	if err := setFileLimit(3); err != nil {
		return err
	}
	child.Resume()
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return err
		}
		fmt.Print(line)
		if line != "NACK\n" {
			break
		}
		if recover == "recover" {
			if err := setFileLimit(before.Cur); err != nil {
				return err
			}
		}
		if _, err := io.WriteString(in, "."); err != nil {
			return err
		}
		if recover == "recover" {
			break
		}
	}
	for {
		m, err := child.Receive(context.Background())
		if err != nil {
			return err
		}
		fmt.Printf("%s %v\n", m.Payload(), m.Handle != nil)
		if m.Handle != nil {
			m.Handle.Close()
		}
		if string(m.Payload()) == `"after"` {
			break
		}
	}
	if err := child.Send(context.Background(), "exit"); err != nil {
		return err
	}
	_, err = child.Wait()
	return err
}

func TestReceiveWithoutDescriptors(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		script := nodetest.Script(t, "script.cjs", retransmittingScript)
		got := runSelf(t, "receive without descriptors", node.Path, script, "recover")
		if want := "NACK\n{\"the\":\"socket\"} true\n\"after\" false\n"; got != want {
			t.Errorf("with descriptors again: %q, want %q", got, want)
		}
		got = runSelf(t, "receive without descriptors", node.Path, script, "never")
		if want := "NACK\nNACK\nNACK\nNACK\nSentHandleNotReceivedWarning\n\"after\" false\n"; got != want {
			t.Errorf("without: %q, want %q", got, want)
		}
	})
}

// The script has no descriptor left when a handle comes, and frees some when it is told to.
const withoutDescriptorsScript = `
	const { openSync, closeSync } = require('fs');
	const fds = [];
	try { for (;;) fds.push(openSync('/dev/null')); } catch {}
	let nacks = 0;
	process.prependListener('internalMessage', ({ cmd }, handle) => {
		if (cmd !== 'NODE_HANDLE' || handle) return;
		if (++nacks === +process.argv[2]) fds.forEach((fd) => closeSync(fd));
	});
	process.on('message', (m, handle) => process.send([m, !!handle, nacks]));
	process.send('ready');`

func TestSendToANodeWithoutDescriptors(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		for nacks := 1; nacks <= 4; nacks++ {
			nodetest.NoLeaks(t)
			plain := command(t, node, withoutDescriptorsScript, fmt.Sprint(nacks))
			cmd := exec.Command("/bin/sh", append([]string{"-c", `ulimit -n 60; exec "$@"`, "sh"}, plain.Args...)...)
			warnings := make(chan error, 1)
			child := start(t, cmd, nodeipc.Options{Warn: func(err error) { warnings <- err }})
			expectJSON(t, child, `"ready"`)
			sendHandle(t, child.Channel, "handle", asHandle(t, listen(t, "tcp")).WithType(handlewrap.NetNative))
			send(t, child, "after")
			if nacks <= 3 {
				expectJSON(t, child, fmt.Sprintf(`["handle",true,%d]`, nacks))
			} else if err := <-warnings; !errors.Is(err, nodeipc.ErrHandleNotReceived) {
				t.Errorf("warning: %v", err)
			}
			expectJSON(t, child, fmt.Sprintf(`["after",false,%d]`, nacks))
		}
	})
}

func init() {
	childPrograms["too many handles"] = tooManyHandles
}

// tooManyHandles has so many descriptors on their way that the system takes no more, then fewer.
func tooManyHandles() error {
	if os.Getuid() == 0 {
		if err := unix.Setuid(61234); err != nil { // root has no such limit
			return err
		}
	}
	if err := setFileLimit(100); err != nil {
		return err
	}
	others, err := fillWithDescriptors()
	if err != nil {
		return err
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	c, err := nodeipc.NewChannel(pair[0], nodeipc.Options{})
	if err != nil {
		return err
	}
	defer c.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	h, err := handlewrap.FromListener(l)
	if err != nil {
		return err
	}
	if err := c.SendHandle(context.Background(), "m", h); err != nil {
		return err
	}
	if err := expectIdle(); err != nil {
		return err
	}
	buf, control := make([]byte, 1000), make([]byte, unix.CmsgSpace(4*100))
	if _, _, _, _, err := unix.Recvmsg(pair[1], buf, control, unix.MSG_DONTWAIT); err != unix.EAGAIN {
		return fmt.Errorf("the handle was sent: %v", err)
	}
	unix.Close(others[0])
	unix.Close(others[1])
	n, controls, _, _, err := unix.Recvmsg(pair[1], buf, control, 0)
	if err != nil || controls == 0 {
		return fmt.Errorf("read %q with %d bytes of control messages: %v", buf[:n], controls, err)
	}
	fmt.Printf("%s", buf[:n])
	return nil
}

// fillWithDescriptors gives a socket pair with as many descriptors on their way as the system lets one have.
func fillWithDescriptors() ([2]int, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return pair, err
	}
	for {
		err := unix.Sendmsg(pair[0], []byte("x"), unix.UnixRights(1, 1, 1, 1, 1, 1, 1, 1, 1, 1), nil, unix.MSG_DONTWAIT)
		if errors.Is(err, unix.ETOOMANYREFS) {
			return pair, nil
		}
		if err != nil {
			return pair, err
		}
	}
}

// expectIdle fails when this process keeps a processor busy.
func expectIdle() error {
	const nap, most = 400e6, 200e6
	before := processorTime()
	unix.Nanosleep(&unix.Timespec{Nsec: nap}, nil)
	if used := processorTime() - before; used > most {
		return fmt.Errorf("%d ns of processor time in %d ns of waiting", used, int64(nap))
	}
	return nil
}

func processorTime() int64 {
	var usage unix.Rusage
	unix.Getrusage(unix.RUSAGE_SELF, &usage)
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func TestTooManyHandlesInFlight(t *testing.T) {
	nodetest.NoLeaks(t)
	if got := runSelf(t, "too many handles"); got != serverMessage+"\n" {
		t.Errorf("received %q", got)
	}
}
