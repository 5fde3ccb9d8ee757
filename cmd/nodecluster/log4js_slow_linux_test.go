package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// loggingOnRequest logs as many lines as a request says, and answers it.
const loggingOnRequest = `
	const log4js = require('log4js');
	log4js.configure({ appenders: { all: { type: 'stdout' } }, categories: { default: { appenders: ['all'], level: 'trace' } } });
	const logger = log4js.getLogger('app');
	const padding = 'x'.repeat(400);
	let line = 0;
	require('http').createServer((request, response) => {
		for (let i = 0; i < Number(request.url.slice(1)); i++) logger.debug('line %d of', line++, process.pid, padding);
		process.send('logged', () => response.end());
	}).listen(process.env.PORT, '127.0.0.1');`

// paddedLine is a line of loggingOnRequest.
var paddedLine = regexp.MustCompile(`(?m)^\[[^]]+\] \[DEBUG\] app - line \d+ of \d+ x{400}$`)

// lostLines is what tells of lines that had no room.
var lostLines = regexp.MustCompile(`(?m)(\d+) lines lost: they came faster than they were written$`)

// Where nobody reads the lines, no worker is delayed. Lines that have no room are counted in the place where they are missing, and none of the
// others is.
func TestLog4jsThatNobodyReads(t *testing.T) {
	const requests, lines = 20, 1_000
	for _, to := range []string{"standard output", "the log"} {
		t.Run(to, func(t *testing.T) {
			port := nodetest.FreePort(t)
			fifo := filepath.Join(t.TempDir(), "lines")
			reader, writer := openFIFO(t, fifo)
			args := []string{"-i", "1", nodetest.Script(t, "logging.js", loggingOnRequest)}
			if to == "the log" {
				args = append([]string{"--log-type", "none", "--out-file", fifo}, args...)
			}
			cmd := runCommand(t, []string{"NODE_PATH=" + nodetest.Libraries(t), fmt.Sprint("PORT=", port)}, args...)
			if to == "standard output" {
				cmd.Stdout = writer
			}
			p := launchCommand(t, cmd)
			p.await("listening", 1)
			writer.Close()
			for range requests {
				fetch(t, fmt.Sprintf("http://%s/%d", localhost(port), lines))
			}
			text := make(chan string, 1)
			go func() {
				all, _ := io.ReadAll(reader)
				text <- string(all)
			}()
			p.stop()
			out := nodetest.Receive(t, text, "the lines")
			lost := 0
			for _, found := range lostLines.FindAllStringSubmatch(out, -1) {
				n, err := strconv.Atoi(found[1])
				if err != nil {
					t.Fatal(err)
				}
				lost += n
			}
			if written := len(paddedLine.FindAllString(out, -1)); lost == 0 || written+lost != requests*lines {
				t.Errorf("%d lines are written and %d are lost, together not %d", written, lost, requests*lines)
			}
		})
	}
}

// openFIFO makes a FIFO and opens both of its ends.
func openFIFO(t *testing.T, path string) (reader, writer *os.File) {
	t.Helper()
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	open := func(flags int) *os.File {
		f, err := os.OpenFile(path, flags, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	return open(os.O_RDONLY | syscall.O_NONBLOCK), open(os.O_WRONLY)
}
