package boot

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// listenAsManager is a service manager's socket, of which NOTIFY_SOCKET tells.
func listenAsManager(t *testing.T, address string) *net.UnixConn {
	t.Helper()
	nodetest.NoLeaks(t)
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: address, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	t.Setenv("NOTIFY_SOCKET", address)
	return socket
}

// newNotifier closes the notifier at the end of the test.
func newNotifier(t *testing.T) *Notifier {
	t.Helper()
	n, err := NewNotifier()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

func receive(t *testing.T, socket *net.UnixConn) string {
	t.Helper()
	if err := socket.SetReadDeadline(time.Now().Add(nodetest.Patience)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 8192)
	count, err := socket.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:count])
}

func TestNotifications(t *testing.T) {
	for _, address := range []string{filepath.Join(t.TempDir(), "notify"), "@nodecluster/test/" + filepath.Base(t.TempDir()) + t.Name()} {
		manager := listenAsManager(t, address)
		n := newNotifier(t)
		for _, c := range []struct {
			say  func() error
			want string
		}{
			{n.Ready, `READY=1`},
			{n.Reloading, `RELOADING=1\nMONOTONIC_USEC=[1-9]\d+\n`},
			{n.Stopping, `STOPPING=1`},
			{func() error { return n.Extend(1500 * time.Millisecond) }, `EXTEND_TIMEOUT_USEC=1500000`},
			{func() error { return n.Status("2 of 4\nSTOPPING=1") }, `STATUS=2 of 4 STOPPING=1`},
			{func() error { return n.Status(strings.Repeat("x", maxStatus-1) + "é") }, `STATUS=x{999}`},
		} {
			if err := c.say(); err != nil {
				t.Fatal(err)
			}
			if got := receive(t, manager); !regexp.MustCompile("^" + c.want + "$").MatchString(got) {
				t.Errorf("it is said %q, want %s", got, c.want)
			}
		}
		manager.Close()
	}
}

// Nothing is left in the environment for workers, and all of it is there for a program that takes this one's place.
func TestEnvironment(t *testing.T) {
	address := filepath.Join(t.TempDir(), "notify")
	listenAsManager(t, address)
	t.Setenv("WATCHDOG_USEC", "30000000")
	t.Setenv("WATCHDOG_PID", "")
	os.Unsetenv("WATCHDOG_PID")
	n := newNotifier(t)
	for _, name := range []string{"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} {
		if value, ok := os.LookupEnv(name); ok {
			t.Errorf("%s is still %q", name, value)
		}
	}
	environ := n.Environ()
	for _, want := range []string{"NOTIFY_SOCKET=" + address, "WATCHDOG_USEC=30000000"} {
		if !slices.Contains(environ, want) {
			t.Errorf("the next program gets %q, and not %s", environ, want)
		}
	}
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	if next := newNotifier(t); next.watchdog != 30*time.Second || next.address != address {
		t.Errorf("the next program has %+v", next)
	}
}

// Without a service manager nothing is said, and one that is gone is an error and no end.
func TestNobodyToNotify(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	n := newNotifier(t)
	n.Watchdog(context.Background(), func() bool { t.Error("there is no watchdog"); return true })
	if err := n.Ready(); err != nil || n.Environ() != nil {
		t.Errorf("%v, %q", err, n.Environ())
	}
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "nobody"))
	n, err := NewNotifier()
	if err == nil {
		t.Error("nobody listens, and that is no error")
	}
	if err := n.Ready(); err != nil {
		t.Error(err)
	}
}

// A service manager that reads nothing keeps nobody for long.
func TestManagerThatDoesNotRead(t *testing.T) {
	listenAsManager(t, filepath.Join(t.TempDir(), "notify"))
	n := newNotifier(t)
	for range 1 << 20 {
		if err := n.Ready(); err != nil {
			if !os.IsTimeout(err) && !strings.Contains(err.Error(), "timeout") {
				t.Error(err)
			}
			return
		}
	}
	t.Error("all was sent")
}

// The watchdog is told as long as the program lives, and not any more when it does not.
func TestWatchdog(t *testing.T) {
	manager := listenAsManager(t, filepath.Join(t.TempDir(), "notify"))
	t.Setenv("WATCHDOG_USEC", "30000")
	t.Setenv("WATCHDOG_PID", "")
	os.Unsetenv("WATCHDOG_PID")
	n := newNotifier(t)
	const lives = 3
	var asked atomic.Int32
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		n.Watchdog(ctx, func() bool {
			count := asked.Add(1)
			if count == lives+3 {
				stop()
			}
			return count <= lives
		})
	}()
	nodetest.Receive(t, done, "the end of the watchdog")
	n.Status("end")
	for i := range lives {
		if got := receive(t, manager); got != "WATCHDOG=1" {
			t.Errorf("beat %d is %q", i, got)
		}
	}
	if got := receive(t, manager); got != "STATUS=end" {
		t.Errorf("a program that does not live says %q", got)
	}
}
