//go:build linux

package nodeipc_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
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
	out, err := output(cmd)
	if err != nil {
		t.Fatalf("%v\n%s%s", err, out, stderr.String())
	}
	return out
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
		fmt.Printf("%s %v\n", text(m), m.Handle != nil)
		if m.Handle != nil {
			m.Handle.Close()
		}
		if text(m) == `"after"` {
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
		nodetest.NoLeaks(t)
		for nacks := 1; nacks <= 4; nacks++ {
			plain := command(t, node, withoutDescriptorsScript, fmt.Sprint(nacks))
			cmd := exec.Command("/bin/sh", append([]string{"-c", `ulimit -n 60; exec "$@"`, "sh"}, plain.Args...)...)
			warnings := make(chan error, 1)
			child := start(t, cmd, nodeipc.Options{Warn: func(err error) { warnings <- err }})
			expectJSON(t, child, `"ready"`)
			sendHandle(t, child.Channel, "handle", asHandle(t, listen(t, "tcp")).WithType(handlewrap.NetNative))
			send(t, child, "after")
			if nacks <= 3 {
				expectJSON(t, child, fmt.Sprintf(`["handle",true,%d]`, nacks))
			} else if err := nodetest.Receive(t, warnings, "warning"); !errors.Is(err, nodeipc.ErrHandleNotReceived) {
				t.Errorf("warning: %v", err)
			}
			expectJSON(t, child, fmt.Sprintf(`["after",false,%d]`, nacks))
		}
	})
}
