//go:build unix

package measure

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// sleeper starts a program that has started another one, and gives that one's pid.
func sleeper(ctx context.Context, t *testing.T) (p *Program, pid int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pid")
	p, err := Start(ctx, []string{"sh", "-c", `sleep 1000 & echo $! >"$OUT.new"; mv "$OUT.new" "$OUT"; wait`}, "OUT="+path)
	if err != nil {
		t.Fatal(err)
	}
	var text []byte
	if err := p.Await("pid", func() bool { text, err = os.ReadFile(path); return err == nil }); err != nil {
		t.Fatal(err)
	}
	pid, err = strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return p, pid
}

// gone waits until a process that nobody waits for has been killed.
func gone(t *testing.T, pid int) {
	t.Helper()
	err := Await("end of what it left behind", func() bool {
		return syscall.Kill(pid, 0) != nil || isZombie(pid)
	}, func() error { return nil })
	if err != nil {
		t.Error(err)
	}
}

// isZombie reports whether only a process's entry is left, which a container without an init keeps.
func isZombie(pid int) bool {
	line, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && strings.Contains(string(line), ") Z ")
}

func TestEndTakesWhatWasLeftBehind(t *testing.T) {
	nodetest.NoLeaks(t)
	p, pid := sleeper(t.Context(), t)
	if err := p.Running(); err != nil {
		t.Error(err)
	}
	p.End()
	gone(t, pid)
}

func TestContextKillsThemAll(t *testing.T) {
	nodetest.NoLeaks(t)
	ctx, cancel := context.WithCancel(t.Context())
	p, pid := sleeper(ctx, t)
	cancel()
	<-p.exited
	gone(t, pid)
	p.End()
}

func TestWhyItEnded(t *testing.T) {
	nodetest.NoLeaks(t)
	p, err := Start(t.Context(), []string{"sh", "-c", "echo first >&2; echo 'Error: no port' >&2; echo last >&2; exit 3"})
	if err != nil {
		t.Fatal(err)
	}
	defer p.End()
	err = p.Await("server", func() bool { return false })
	if want := "it has ended with exit status 3: Error: no port"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	if got := telling("one\ntwo\n"); got != "two" {
		t.Errorf("%q tells most, want two", got)
	}
}

func TestAwaitPort(t *testing.T) {
	nodetest.NoLeaks(t)
	p, err := Start(t.Context(), []string{"sleep", "1000"})
	if err != nil {
		t.Fatal(err)
	}
	defer p.End()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if err := p.AwaitPort(listener.Addr().String()); err != nil {
		t.Error(err)
	}
}

func TestFreePorts(t *testing.T) {
	nodetest.NoLeaks(t)
	first, err := FreePorts(20)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", Local(first+19))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if free, err := allFree(first, 20); free || err != nil {
		t.Errorf("free: %v, %v, with one taken", free, err)
	}
}
