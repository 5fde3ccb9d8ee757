//go:build linux

package worker_test

import (
	"go/parser"
	"go/token"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// documentedProgram builds the program in the package's documentation, and gives its path.
func documentedProgram(t *testing.T) string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(file.Doc.Text(), "\n\tpackage main\n")
	source := "package main\n"
	for line := range strings.Lines(text) {
		if line != "\n" && line[0] != '\t' {
			break
		}
		source += strings.TrimPrefix(line, "\t")
	}
	folder := t.TempDir()
	path := filepath.Join(folder, "main.go")
	if err := os.WriteFile(path, []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(folder, "program")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", binary, path).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s\n%s", err, out, source)
	}
	return binary
}

// The program in the documentation serves under Node's primary and ours, leaves when it is asked to, and ends by Ctrl-C.
func TestDocumentedProgram(t *testing.T) {
	binary := documentedProgram(t)
	play := func(u under) {
		w, port := u.startOn()
		u.listening(w, 1)
		if text := get(u.t, port, "/"); !strings.HasPrefix(text, "hello from process ") {
			u.t.Errorf("the program answers %q", text)
		}
		u.DisconnectWorker(w)
		u.expectExit(w, 0)
	}
	t.Run("node20", func(t *testing.T) {
		nodetest.NoLeaks(t)
		p := startNode(t, nodetest.Default(t), cluster.SchedRR, "")
		p.Program = binary
		play(under{p, t})
	})
	t.Run("ours", func(t *testing.T) {
		nodetest.NoLeaks(t)
		play(under{clustertest.NewRig(t, cluster.Settings{ExecPath: binary}), t})
	})
	t.Run("interrupted", func(t *testing.T) { interruptTwice(t, binary) })
}

// interruptTwice ends a program that runs alone: a first Ctrl-C lets requests end, and a second one ends the process.
func interruptTwice(t *testing.T, binary string) {
	port := clustertest.FreePort(t)
	cmd := exec.Command(binary)
	cmd.Env = append(os.Environ(), onPort("PORT", port))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { cmd.Process.Kill() })
	client := connectWhenListening(t, port)
	if _, err := client.Write([]byte("GET / HT")); err != nil { // a request that is under way
		t.Fatal(err)
	}
	get(t, port, "/") // when this connection is answered, the one before it has been accepted
	for {
		cmd.Process.Signal(syscall.SIGINT)
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ended:
			if status := cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGINT {
				t.Errorf("the program ends with %v, want signal SIGINT", cmd.ProcessState)
			}
			return
		}
	}
}

// connectWhenListening connects to a program that does not say when it listens.
func connectWhenListening(t *testing.T, port int) net.Conn {
	t.Helper()
	for end := time.Now().Add(clustertest.Patience); ; time.Sleep(time.Millisecond) {
		conn, err := net.Dial("tcp", clustertest.Local(port))
		if err == nil {
			t.Cleanup(func() { conn.Close() })
			return conn
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}
