package bind_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nodecluster/nodecluster/cluster/internal/bind"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// tries is how often an attacker may try. Against a primary that goes by paths 200 are enough.
const tries = 1000

// An attacker who may write in the folder of a root primary's socket, and where the folder is, leads it to no other file: not to
// change its mode, and not to remove it.
func TestPathCannotBeLedElsewhere(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: only a primary of root's can be led to what its workers may not touch")
	}
	nodetest.NoLeaks(t)
	t.Run("socket", func(t *testing.T) {
		p := newPlaces(t)
		p.link(t, p.victim)
		attack(t, p, p.sock, func() {
			// Once the socket's name is gone there is nothing to exchange.
			if err := errors.Join(os.RemoveAll(p.sock), os.Remove(p.lure)); err != nil {
				t.Fatal(err)
			}
			p.link(t, p.victim)
		})
	})
	t.Run("folder", func(t *testing.T) {
		p := newPlaces(t)
		p.link(t, filepath.Dir(p.victim))
		attack(t, p, filepath.Dir(p.sock), func() {})
	})
}

// places are where the attack is.
type places struct {
	sock   string // where a worker listens, in a folder of its own
	victim string // a file of root's with the same name
	lure   string // a link of the worker's
}

func newPlaces(t *testing.T) places {
	t.Helper()
	top := t.TempDir()
	p := places{filepath.Join(top, "worker", "sock"), filepath.Join(top, "root", "sock"), filepath.Join(top, "lure")}
	if err := errors.Join(os.Mkdir(filepath.Dir(p.sock), 0o755), os.Mkdir(filepath.Dir(p.victim), 0o755), os.WriteFile(p.victim, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p places) link(t *testing.T, to string) {
	t.Helper()
	if err := os.Symlink(to, p.lure); err != nil {
		t.Fatal(err)
	}
}

// attack opens and closes a socket again and again, while something is exchanged for the link without end. After each try it calls reset.
func attack(t *testing.T, p places, exchanged string, reset func()) {
	var ended atomic.Bool
	var exchanges atomic.Int64
	var attacker sync.WaitGroup
	defer attacker.Wait()
	defer ended.Store(true)
	attacker.Go(func() {
		for !ended.Load() {
			if unix.Renameat2(unix.AT_FDCWD, exchanged, unix.AT_FDCWD, p.lure, unix.RENAME_EXCHANGE) == nil {
				exchanges.Add(1)
			}
		}
	})
	for bound := 0; bound < tries; {
		before := exchanges.Load()
		socket, err := bind.Stream(bind.Request{FD: -1, Port: -1, Address: p.sock, ReadableAll: true, WritableAll: true})
		if err == nil {
			bound++
			socket.Close()
		}
		info, failed := os.Lstat(p.victim)
		if failed != nil || info.Mode() != 0o600 {
			t.Fatalf("the attacker wins with socket %d: %v, %v", bound, info, failed)
		}
		for errors.Is(err, unix.EADDRINUSE) && exchanges.Load() == before {
			runtime.Gosched() // the path leads to the victim: wait until it leads to the worker's folder again
		}
		reset()
	}
}

// A path has one descriptor beside the socket's, for as long as the socket is open.
func TestPathsDescriptors(t *testing.T) {
	nodetest.NoLeaks(t)
	folder := t.TempDir()
	path := filepath.Join(folder, "socket")
	before := descriptors(t)
	socket, err := bind.Stream(bind.Request{FD: -1, Port: -1, Address: path, WritableAll: true})
	if err != nil {
		t.Fatal(err)
	}
	if n := descriptors(t) - before; n != 2 {
		t.Errorf("%d descriptors for a path, want 2", n)
	}
	for _, taken := range []string{path, "/", folder} {
		if s, err := bind.Stream(bind.Request{FD: -1, Port: -1, Address: taken}); !errors.Is(err, unix.EADDRINUSE) {
			s.Close()
			t.Errorf("bind to %s: %v, want %v", taken, err, unix.EADDRINUSE)
		}
	}
	socket.Close()
	for _, c := range []struct {
		address string
		want    error
	}{
		{filepath.Join(folder, "none", "socket"), unix.EACCES},
		{"/etc/passwd/socket", unix.ENOTDIR},
		{filepath.Join(folder, strings.Repeat("x", 108)), unix.EINVAL},
		{"nul\x00", unix.EINVAL},
		{"", unix.EINVAL},
	} {
		if _, err := bind.Stream(bind.Request{FD: -1, Port: -1, Address: c.address}); !errors.Is(err, c.want) {
			t.Errorf("bind to %q: %v, want %v", c.address, err, c.want)
		}
	}
	if n := descriptors(t) - before; n != 0 {
		t.Errorf("%d descriptors are left", n)
	}
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("the path after its socket was closed: %v, want no file", err)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// What stands at the path when the socket is closed, and is not the socket, stays.
func TestClosingLeavesWhatIsNotTheSocket(t *testing.T) {
	nodetest.NoLeaks(t)
	path := filepath.Join(t.TempDir(), "socket")
	socket, err := bind.Stream(bind.Request{FD: -1, Port: -1, Address: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Remove(path), os.WriteFile(path, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	socket.Close()
	if _, err := os.Lstat(path); err != nil {
		t.Error(err)
	}
}

// A path below the working directory may be longer than a socket's, if the rest of it is not, and may begin with '@'.
func TestPathsBelowTheWorkingDirectory(t *testing.T) {
	nodetest.NoLeaks(t)
	deep := filepath.Join(t.TempDir(), strings.Repeat("x", 100))
	if err := os.MkdirAll(filepath.Join(deep, "@d"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(deep)
	for _, name := range []string{"x", "@x", "@d/x", "@d/@x"} {
		for _, address := range []string{name, filepath.Join(deep, name)} {
			socket, err := bind.Stream(bind.Request{FD: -1, Port: -1, Address: address, ReadableAll: true, WritableAll: true})
			if err != nil {
				t.Errorf("bind to %s: %v", address, err)
				continue
			}
			if info, err := os.Lstat(name); err != nil || info.Mode().Perm()&0o666 != 0o666 {
				t.Errorf("%s is %v, %v", address, info, err)
			}
			socket.Close()
			if _, err := os.Lstat(name); !os.IsNotExist(err) {
				t.Errorf("%s after its socket was closed: %v, want no file", address, err)
			}
		}
	}
}

// Under root the tests of this file run as another user too, for whom sockets are bound in another way.
func TestPathsOfAnotherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: this process is another user already")
	}
	const nobody = 65534
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(folder)
	program, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "test")
	if err := errors.Join(os.WriteFile(path, program, 0o755), os.Chmod(folder, 0o755), os.Chown(folder, nobody, nobody)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "-test.run=^Test(Paths|Closing)", "-test.v")
	cmd.Dir, cmd.Env = folder, append(os.Environ(), "TMPDIR="+folder)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	if passed := strings.Count(string(out), "--- PASS"); err != nil || passed != 3 {
		t.Errorf("%v, and %d tests pass, want 3:\n%s", err, passed, out)
	}
}
