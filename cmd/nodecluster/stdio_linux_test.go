package main

import (
	"bytes"
	"crypto/rand"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func TestOutputIsUntouched(t *testing.T) {
	data := make([]byte, 1<<20)
	rand.Read(data)
	file := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	script := nodetest.Script(t, "copy.js", `
		require('fs').createReadStream(process.argv[2]).on('end', () => process.disconnect()).pipe(process.stdout);`)
	p := launch(t, nil, "-i", "1", script, file)
	p.expectStatus(0)
	if got := p.stdout.String(); got != string(data) {
		t.Errorf("%d bytes came out that are not the %d that the worker wrote", len(got), len(data))
	}
}

func TestStandardErrorIsTheWorkersToo(t *testing.T) {
	p := launch(t, nil, "-i", "1", nodetest.Script(t, "complain.js", "process.stderr.write('\\x00\\xff\\n'); process.exit();"))
	p.expectStatus(0)
	if !strings.Contains(p.stderr.String(), "\x00\u00ff\n") {
		t.Error("what the worker wrote to standard error is missing")
	}
}

func TestStandardInputIsTheWorkers(t *testing.T) {
	script := nodetest.Script(t, "copy.js", "process.stdin.on('end', () => process.disconnect()).pipe(process.stdout);")
	cmd := runCommand(t, nil, "-i", "1", script)
	cmd.Stdin = strings.NewReader("one\ntwo\x00")
	p := launchCommand(t, cmd)
	p.expectStatus(0)
	if got := p.stdout.String(); got != "one\ntwo\x00" {
		t.Errorf("the worker has read %q", got)
	}
}

func TestTextLog(t *testing.T) {
	port := nodetest.FreePort(t)
	script := nodetest.Script(t, "life.js", `
		require('net').createServer().listen(+process.env.PORT, '127.0.0.1', () => setImmediate(() => process.send('ready')));`)
	p := launch(t, portVariable(port), "--log-format", "text", "-i", "1", ownHeap, script)
	p.stderr.awaitText(t, "sent a message: 'ready'\n")
	p.stop()
	got := regexp.MustCompile(`^worker 1 \(pid \d+\) `).ReplaceAllString(p.stderr.String(), "")
	got = regexp.MustCompile(`\nworker 1 \(pid \d+\) `).ReplaceAllString(got, "\n")
	begin := "forked\nonline\nlistening on 127.0.0.1:" + strconv.Itoa(port) + "\nsent a message: 'ready'\n"
	disconnect, exit := "disconnected\n", "exited with code 0 after it was asked to leave\n"
	if got != begin+disconnect+exit && got != begin+exit+disconnect {
		t.Errorf("the log is %q", got)
	}
}

// TestLogThatIsClosed has events to tell of after the log's reader has gone.
func TestLogThatIsClosed(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		t.Run(format, func(t *testing.T) {
			port := nodetest.FreePort(t)
			cmd := runCommand(t, portVariable(port), "--log-format", format, "-i", "1", app(t, "http.js"))
			reader, writer, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			cmd.Stderr = writer
			p := launchCommand(t, cmd)
			writer.Close()
			reader.Close()
			p.expectServiceAfterDeath(port)
		})
	}
}

func TestLogThatWasNeverOpen(t *testing.T) {
	port := nodetest.FreePort(t)
	inner := runCommand(t, portVariable(port), "-i", "1", app(t, "http.js"))
	cmd := exec.Command("sh", append([]string{"-c", `exec "$@" 2>&-`, "sh"}, inner.Args...)...)
	cmd.Env = inner.Env
	launchCommand(t, cmd).expectServiceAfterDeath(port)
}

// expectServiceAfterDeath kills a pool's first worker, and expects the second to serve.
func (p *program) expectServiceAfterDeath(port int) {
	p.t.Helper()
	p.stdout.awaitText(p.t, "listening")
	first := mustAsk(p.t, "tcp", localhost(port))
	if err := syscall.Kill(first.PID, syscall.SIGKILL); err != nil {
		p.t.Fatal(err)
	}
	poll(p.t, "the second worker serves", func() bool {
		who, err := ask("tcp", localhost(port))
		return err == nil && who.Worker == 2
	})
	p.stop()
}

func TestLogThatNobodyReads(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	script := nodetest.Script(t, "chatty.js", `
		let left = 5000;
		(function next() {
			if (left-- > 0) process.send('hello', next);
			else console.log('sent');
		})();`)
	cmd := runCommand(t, nil, "--log-level", "debug", "-i", "1", script)
	cmd.Stderr = writer
	p := launchCommand(t, cmd)
	writer.Close()
	p.stdout.awaitText(t, "sent\n")
	p.stop()
	if log, err := io.ReadAll(reader); err != nil || bytes.Count(log, []byte(`"msg":"message"`)) == 0 {
		t.Errorf("the log is %d bytes long: %v", len(log), err)
	}
}

func TestWorkersDoNotInheritTheHandlingOfSIGPIPE(t *testing.T) {
	path := executable(t, "status", "#!/bin/sh\nexec cat /proc/self/status\n")
	cmd := exec.Command(binary, "run", "-i", "1", path)
	p := launchCommand(t, cmd)
	p.expectStatus(0)
	ignored := regexp.MustCompile(`(?m)^SigIgn:\t([0-9a-f]+)$`).FindStringSubmatch(p.stdout.String())
	if ignored == nil {
		t.Fatal("the worker has not shown its status")
	}
	mask, err := strconv.ParseUint(ignored[1], 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	if mask&(1<<(syscall.SIGPIPE-1)) != 0 {
		t.Error("the worker ignores SIGPIPE")
	}
}
