package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// Files that change reload, as an editor writes them and as a build does; a broken release leaves the one before.
func TestWatch(t *testing.T) {
	port, folder := nodetest.FreePort(t), t.TempDir()
	script := filepath.Join(folder, "server.js")
	writeRelease(t, script, "one")
	cmd := runCommand(t, portVariable(port), "-i", "2", "--bake", "1ms", "--watch", "--watch-delay", "50ms", "--ignore-watch", "public", "server.js")
	cmd.Dir = folder
	p := launchCommand(t, cmd)
	p.await("listening", 2)

	for _, ignored := range []string{"node_modules", "public"} {
		if err := os.Mkdir(filepath.Join(folder, ignored), 0o755); err != nil {
			t.Fatal(err)
		}
		writeRelease(t, filepath.Join(folder, ignored, "index.js"), "none")
	}
	writeRelease(t, script+".new", "two")
	if err := os.Rename(script+".new", script); err != nil {
		t.Fatal(err)
	}
	p.await("reloaded", 1)
	if got := answerOf(t, port); got != "two" {
		t.Errorf("after a change the answer is %q", got)
	}

	if err := os.WriteFile(script, []byte("throw new Error('bad release')"), 0o644); err != nil {
		t.Fatal(err)
	}
	p.await("error", 1)
	if got := answerOf(t, port); got != "two" {
		t.Errorf("after a change to a broken release the answer is %q", got)
	}

	lib := filepath.Join(folder, "src", "lib")
	if err := os.MkdirAll(lib, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		writeRelease(t, filepath.Join(lib, fmt.Sprint(i, ".js")), "none")
	}
	writeRelease(t, script, "three")
	poll(t, "the new release answers", func() bool { return answerOf(t, port) == "three" })
	p.signal(syscall.SIGTERM)
	p.expectStatus(0)
	for _, e := range p.events("changed") {
		if e.File != "server.js" && filepath.Dir(e.File) != "src/lib" {
			t.Errorf("%s has changed", e.File)
		}
	}
	if n := len(p.events("changed")); n > 8 {
		t.Errorf("100 files were %d changes", n)
	}
}
