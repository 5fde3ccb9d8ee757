package cluster_test

import (
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"golang.org/x/sys/unix"
)

// Where no process starts together with a descriptor of it, workers serve and end as elsewhere.
func TestWorkersWithoutPidFD(t *testing.T) {
	nodetest.UnderSeccomp(t, nodetest.WithoutPidFD(unix.EINVAL), func(t *testing.T) {
		nodetest.NoLeaks(t)
		r := clustertest.NewAgents(t, nodetest.Default(t), cluster.SchedRR, 2)
		port := clustertest.FreePort(t)
		clustertest.ListenAll(t, r, port, 1, 2)
		expectAllServe(t, port, 1, 2)
		r.Kill(1, syscall.SIGTERM)
		r.Event(t, "exit", 1)
		expectAllServe(t, port, 2)
		r.DisconnectWorker(2)
		r.Event(t, "exit", 2)
		if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); err != syscall.ECHILD {
			t.Errorf("a worker is left: %d, %v", pid, err)
		}
	})
}

// Where the kernel takes no program that chooses by address, the primary does. Policies that need none are as elsewhere.
func TestStickyWithoutPrograms(t *testing.T) {
	for _, errno := range []syscall.Errno{unix.ENOPROTOOPT, unix.EPERM, unix.EINVAL} {
		t.Run(unix.ErrnoName(errno), func(t *testing.T) {
			nodetest.UnderSeccomp(t, withoutPrograms(errno), func(t *testing.T) {
				nodetest.NoLeaks(t)
				_, port := goGroup(t, cluster.SchedSticky, 4)
				by := map[int]int{}
				for _, w := range whose(t, port, 100, 5) {
					by[w]++
				}
				if len(by) != 4 {
					t.Errorf("workers have %v clients", by)
				}
				expectNotShared(t, port)
			})
		})
	}
}

// A death needs no program, and nor does a successor. One that is to leave does: else the kernel goes on to choose its socket.
func TestReusePortWithoutPrograms(t *testing.T) {
	nodetest.UnderSeccomp(t, withoutPrograms(unix.EPERM), func(t *testing.T) {
		nodetest.NoLeaks(t)
		r, port := goGroup(t, cluster.SchedReusePort, 3)
		expectAllServe(t, port, 1, 2, 3)
		r.Kill(2, syscall.SIGKILL)
		r.Event(t, "exit", 2)
		expectAllServe(t, port, 1, 3)
		r.Listening(t, r.MustFork().ID(), port)
		expectAllServe(t, port, 1, 3, 4)
		for _, o := range r.All() {
			if o.Event == "error" {
				t.Errorf("before any worker was to leave: %v", o)
			}
		}
		r.ExpectErrors = true // it tells that all sockets get connections, of which the primary has one now
		r.DisconnectWorker(3)
		r.Event(t, "exit", 3)
		expectAllServe(t, port, 1, 4)
		r.Await(t, "the event which tells that the kernel chooses among all sockets", func(o clustertest.Occurrence) bool {
			return o.Event == "error" && strings.Contains(o.Err.Error(), "spreads over all sockets")
		})
	})
}

func withoutPrograms(errno syscall.Errno) []nodetest.Refusal {
	const option = 2 // the place of the option's number
	return []nodetest.Refusal{{
		Call: unix.SYS_SETSOCKOPT, Argument: option, Mask: ^uint32(0), Value: unix.SO_ATTACH_REUSEPORT_CBPF, Errno: errno,
	}}
}

// expectNotShared fails where another process of this user can listen on the port too.
func expectNotShared(t *testing.T, port int) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
		t.Fatal(err)
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}); err != unix.EADDRINUSE {
		t.Errorf("another socket of the port: %v", err)
	}
}
