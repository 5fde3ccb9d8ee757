package main

import (
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
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

// startUnread starts a command whose standard error has little room, and is read only once read is called.
func startUnread(t *testing.T, cmd *exec.Cmd) (p *program, read func()) {
	t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	if _, err := unix.FcntlInt(writer.Fd(), unix.F_SETPIPE_SZ, 4096); err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = writer
	begin, copied := make(chan struct{}), make(chan struct{})
	read = sync.OnceFunc(func() { close(begin) })
	t.Cleanup(func() { read(); <-copied })
	p = launchCommand(t, cmd)
	t.Cleanup(read)
	go func() {
		defer close(copied)
		defer reader.Close()
		defer p.stderr.end()
		<-begin
		io.Copy(p.stderr, reader)
	}()
	return p, read
}

func TestNoEventIsLostInAFullPipe(t *testing.T) {
	p, read := startUnread(t, runCommand(t, nil, "--log-level", "debug", "-i", "1", nodetest.Script(t, "crowd.js", crowd)))
	p.stdout.awaitText(t, "sent\n")
	read()
	if n := len(p.await("message", 300)); n != 300 {
		t.Errorf("%d messages were told of", n)
	}
	p.stop()
}

func TestNoTraceIsLostInAFullPipe(t *testing.T) {
	script := nodetest.Script(t, "crowd.js", `if (!process.argv[2]) require('child_process').fork(__filename, ['child']); else {`+crowd+`}`)
	p, read := startUnread(t, exec.Command(binary, "trace", "--format", "json", "--", nodetest.Default(t).Path, script))
	p.stdout.awaitText(t, "sent\n")
	read()
	p.stderr.await(t, "300 messages", func(text string) bool { return strings.Count(text, `"event":"message"`) == 300 })
	p.signal(syscall.SIGTERM)
	p.wait()
}

// verbose are servers that send messages all the time. At most 16 MiB of them wait in the primary for a worker; the lines of the
// others are more than wait for the log.
const (
	verboseMessages = 5_000
	verbose         = `
		require('http').createServer((request, response) => response.end('{}')).listen(process.env.PORT, '127.0.0.1', () => {
			const message = Array(3).fill('x'.repeat(1500));
			let left = 5_000;
			const timer = setInterval(() => {
				for (let i = 0; i < 200; i++) process.send(message, --left ? undefined : () => process.stdout.write('sent\n'));
				if (!left) clearInterval(timer);
			}, 5);
			process.stdout.write('begun\n');
		});`
)

// A log that nobody reads keeps nobody from anything. What had no room in it is counted.
func TestServiceBesideALogThatNobodyReads(t *testing.T) {
	const workers, lives = 2, 2 * 3 // fork, online, listening
	script := nodetest.Script(t, "verbose.js", verbose)
	port := nodetest.FreePort(t)
	p, read := startUnread(t, runCommand(t, portVariable(port), "--log-level", "debug", "-i", strconv.Itoa(workers), ownHeap, script))
	p.stdout.await(t, "two that send", func(text string) bool { return strings.Count(text, "begun\n") == workers })
	for range 8 {
		mustAsk(t, "tcp", localhost(port))
	}
	p.stdout.await(t, "two that have sent", func(text string) bool { return strings.Count(text, "sent\n") == workers })
	read()
	dropped := regexp.MustCompile(`"msg":"dropped","lines":(\d+),"error":"standard error was not read"}\n`)
	p.stderr.await(t, "all lines, or their number", func(text string) bool {
		if !strings.Contains(text, `"msg":"dropped"`) || text[len(text)-1] != '\n' {
			return false
		}
		lines, missing := strings.Count(text, "\n"), 0
		for _, found := range dropped.FindAllStringSubmatch(text, -1) {
			n, _ := strconv.Atoi(found[1])
			missing += n - 1 // that line
		}
		return missing > 0 && lines+missing == workers*verboseMessages+lives
	})
	p.stop()
}

// A full disk is no reason to stop.
func TestServiceBesideAFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	for _, format := range []string{"text", "json"} {
		t.Run(format, func(t *testing.T) {
			port := nodetest.FreePort(t)
			cmd := runCommand(t, portVariable(port), "--log-format", format, "-i", "1", app(t, "http.js"))
			cmd.Stderr = full
			launchCommand(t, cmd).expectServiceAfterDeath(port)
		})
	}
}
