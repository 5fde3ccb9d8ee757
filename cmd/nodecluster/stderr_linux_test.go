package main

import (
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"golang.org/x/sys/unix"
)

// crowd is a worker that shares standard error, and sends more messages than are told of in a page.
const crowd = `
	process.stderr.write('');
	let left = 300;
	const next = () => (left-- > 0 ? process.send('message', next) : process.stdout.write('sent\n'));
	process.on('message', () => {});
	next();`

// startUnread starts a command whose standard error has little room and is read only once all has been sent.
func startUnread(t *testing.T, cmd *exec.Cmd) *program {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer write.Close()
	if _, err := unix.FcntlInt(write.Fd(), unix.F_SETPIPE_SZ, 4096); err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = write
	copied := make(chan struct{})
	t.Cleanup(func() { <-copied })
	p := launchCommand(t, cmd)
	go func() {
		defer close(copied)
		defer read.Close()
		defer p.stderr.end()
		p.stdout.await(t, "that all was sent", func(text string) bool { return strings.Contains(text, "sent\n") })
		io.Copy(p.stderr, read)
	}()
	return p
}

func TestNoEventIsLostInAFullPipe(t *testing.T) {
	p := startUnread(t, runCommand(t, nil, "-i", "1", nodetest.Script(t, "crowd.js", crowd)))
	if n := len(p.await("message", 300)); n != 300 {
		t.Errorf("%d messages were told of", n)
	}
	p.stop()
}

func TestNoTraceIsLostInAFullPipe(t *testing.T) {
	script := nodetest.Script(t, "crowd.js", `if (!process.argv[2]) require('child_process').fork(__filename, ['child']); else {`+crowd+`}`)
	p := startUnread(t, exec.Command(binary, "trace", "--format", "json", "--", nodetest.Default(t).Path, script))
	p.stderr.await(t, "300 messages", func(text string) bool { return strings.Count(text, `"event":"message"`) == 300 })
	p.signal(syscall.SIGTERM)
	p.wait()
}

// A log that nobody reads does not keep workers from their clients. It says where events are missing.
func TestServiceBesideAFullPipe(t *testing.T) {
	port := nodetest.FreePort(t)
	const requests = 80
	script := nodetest.Script(t, "verbose.js", `
		let n = 0;
		require('http').createServer((request, response) => {
			process.send('x'.repeat(1 << 20));
			response.end('{}');
			if (++n === `+strconv.Itoa(requests)+`) process.stdout.write('sent\n');
		}).listen(process.env.PORT, '127.0.0.1', () => process.stdout.write('listening\n'));`)
	p := startUnread(t, runCommand(t, portVariable(port), "-i", "1", script))
	p.stdout.awaitText(t, "listening\n")
	for range requests {
		mustAsk(t, "tcp", localhost(port))
	}
	p.stderr.awaitText(t, errNotLogged.Error())
	p.stop()
}
