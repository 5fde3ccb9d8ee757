package home

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func lock(t *testing.T, a *App) *Lock {
	t.Helper()
	l, err := a.Lock()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func wantRunning(t *testing.T, a *App, want bool) {
	t.Helper()
	if got, err := a.Running(); got != want || err != nil {
		t.Errorf("running is %v (%v), want %v", got, err, want)
	}
}

func TestLockOfAnotherProcess(t *testing.T) {
	nodetest.NoLeaks(t)
	a := open(t)
	wantRunning(t, a, false)
	p := start(t, "lock", os.Geteuid())
	if line := p.line(); line != "locked" {
		t.Fatal(line)
	}
	_, err := a.Lock()
	wantOneLine(t, err, "api", fmt.Sprint("process ", p.Process.Pid))
	if removeErr := a.Remove(); !errors.Is(err, ErrRunning) || !errors.Is(removeErr, ErrRunning) {
		t.Errorf("errors %v and %v, want ErrRunning", err, removeErr)
	}
	wantRunning(t, a, true)
	p.kill()
	if err := a.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	lock(t, a)
}

func TestLockTwice(t *testing.T) {
	nodetest.NoLeaks(t)
	a := open(t)
	l := lock(t, a)
	other := app(t, a.home, "api")
	if _, err := other.Lock(); !errors.Is(err, ErrRunning) {
		t.Errorf("error %v, want ErrRunning", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := other.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait gives %v while it runs", err)
	}
	if err := errors.Join(l.Close(), l.Close()); err != nil {
		t.Error(err)
	}
	lock(t, other)
}

// Whether an application runs can be asked at any moment, even that at which its supervisor starts.
func TestRunningIsNotInTheWay(t *testing.T) {
	a := open(t)
	lock(t, a).Close()
	ask := app(t, a.home, "api")
	ctx, cancel := context.WithCancel(t.Context())
	asked := make(chan error)
	go func() {
		for ctx.Err() == nil {
			if _, err := ask.Running(); err != nil {
				asked <- err
				return
			}
		}
		asked <- nil
	}()
	for range 500 {
		l, err := a.Lock()
		if err != nil {
			t.Error(err)
			break
		}
		l.Close()
	}
	cancel()
	if err := <-asked; err != nil {
		t.Error(err)
	}
}

// Many lock and remove at once: at every moment one has it at most.
func TestLockAndRemove(t *testing.T) {
	a := open(t)
	held := make(chan struct{}, 1)
	done := make(chan error)
	const clients = 4
	for range clients {
		mine := app(t, a.home, "api")
		go func() {
			for range 50 {
				if err := lockAndRemove(mine, held); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range clients {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func lockAndRemove(a *App, held chan struct{}) error {
	l, err := a.Lock()
	if errors.Is(err, ErrRunning) || errors.Is(err, os.ErrNotExist) { // the folder goes at that moment
		return nil
	}
	if err != nil {
		return err
	}
	select {
	case held <- struct{}{}:
	default:
		return errors.New("two have the lock")
	}
	<-held
	return errors.Join(a.Remove(), l.Close())
}

// Who had the lock may have taken the file away before another gets the lock of it, which is no lock then.
func TestLockOfWhatIsNotThereAnyMore(t *testing.T) {
	for name, take := range map[string]func(path string) error{
		"removed":  os.Remove,
		"renamed":  func(path string) error { return os.Rename(path, path+".other") },
		"replaced": func(path string) error { return errors.Join(os.Remove(path), os.WriteFile(path, nil, 0o600)) },
		"there":    func(string) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "lock")
			file, err := os.Create(path)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			if err := take(path); err != nil {
				t.Fatal(err)
			}
			if err := lockAt(file, path); errors.Is(err, errLocked) != (name != "there") {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestRemove(t *testing.T) {
	nodetest.NoLeaks(t)
	a := open(t)
	if err := a.Remove(); err != nil {
		t.Errorf("nothing to remove: %v", err)
	}
	save(t, a, Record{Wanted: Running})
	if err := os.WriteFile(a.LogFile(), []byte("line\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := a.Remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(a.LogFile()); err != nil {
		t.Errorf("the log is gone: %v", err)
	}
	if apps, err := a.home.Apps(); err != nil || len(apps) != 0 {
		t.Errorf("%d applications (%v)", len(apps), err)
	}
	if err := os.Remove(a.LogFile()); err != nil {
		t.Fatal(err)
	}
	save(t, a, Record{Wanted: Running})
	if err := a.Remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(a.Folder()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is there (%v)", err)
	}
}

func TestApps(t *testing.T) {
	a := open(t)
	if apps, err := a.home.Apps(); err != nil || len(apps) != 0 {
		t.Errorf("%d applications (%v) before there is a folder", len(apps), err)
	}
	for _, name := range []string{"web", "api", "jobs"} {
		save(t, app(t, a.home, name), Record{Wanted: Running})
	}
	for _, folder := range []string{".hidden", "no record", "empty"} {
		if err := os.Mkdir(a.home.apps()+"/"+folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	apps, err := a.home.Apps()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, a := range apps {
		names = append(names, a.Name())
	}
	if got := strings.Join(names, " "); got != "api jobs web" {
		t.Errorf("applications %s", got)
	}
}
