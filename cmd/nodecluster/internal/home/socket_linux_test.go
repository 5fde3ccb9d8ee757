package home

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func listen(t *testing.T, a *App) net.Listener {
	t.Helper()
	l, err := a.Listen()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// wantAnswer is that a connection reaches the listener.
func wantAnswer(t *testing.T, a *App, l net.Listener) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), nodetest.Patience)
	defer cancel()
	mine, err := a.Dial(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer mine.Close()
	l.(*listener).SetDeadline(time.Now().Add(nodetest.Patience))
	theirs, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	theirs.Close()
}

func wantNotRunning(t *testing.T, a *App, when string) {
	t.Helper()
	if _, err := a.Dial(t.Context()); !errors.Is(err, ErrNotRunning) {
		t.Errorf("error %v %s, want ErrNotRunning", err, when)
	}
}

func wantNoSocket(t *testing.T, a *App) {
	t.Helper()
	if _, err := os.Lstat(a.Socket()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is there (%v)", err)
	}
}

func TestListenAndDial(t *testing.T) {
	for name, folder := range map[string]string{"short": "", "long": strings.Repeat("/"+strings.Repeat("x", 99), 3)} {
		t.Run(name, func(t *testing.T) {
			nodetest.NoLeaks(t)
			a := openAt(t, t.TempDir()+folder+"/home")
			wantNotRunning(t, a, "before there is a folder")
			_, err := a.Listen()
			wantOneLine(t, err, "lock")
			lock(t, a)
			wantNotRunning(t, a, "before it listens")
			l := listen(t, a)
			wantAnswer(t, a, l)
			if err := errors.Join(l.Close(), l.Close()); err != nil {
				t.Error(err)
			}
			wantNoSocket(t, a)
			wantNotRunning(t, a, "when it listens no more")
		})
	}
}

func TestListenReplacesWhatAKilledSupervisorLeft(t *testing.T) {
	nodetest.NoLeaks(t)
	a := open(t)
	p := start(t, "listen", os.Geteuid())
	if line := p.line(); line != "listening" {
		t.Fatal(line)
	}
	p.kill()
	if _, err := os.Lstat(a.Socket()); err != nil {
		t.Fatalf("the socket was not left: %v", err)
	}
	wantNotRunning(t, a, "of a killed supervisor")
	if err := a.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	lock(t, a)
	wantAnswer(t, a, listen(t, a))
}

func TestClosedListenerLeavesItsSuccessor(t *testing.T) {
	a := open(t)
	lock(t, a)
	first := listen(t, a)
	second := listen(t, a)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	wantAnswer(t, a, second)
}

func TestListenWithAFolderInTheWay(t *testing.T) {
	a := open(t)
	lock(t, a)
	if err := os.MkdirAll(a.Socket()+"/precious", 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := a.Listen()
	wantOneLine(t, err, a.Socket(), "move away what is in the way")
}
