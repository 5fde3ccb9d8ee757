package cluster_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// The backlog that a worker asks for is the kernel's to bound, under Node's primary and under ours.
func TestBacklog(t *testing.T) {
	nodetest.NoLeaks(t)
	largest, err := os.ReadFile("/proc/sys/net/core/somaxconn")
	if err != nil {
		t.Fatal(err)
	}
	most, err := strconv.Atoi(strings.TrimSpace(string(largest)))
	if err != nil {
		t.Fatal(err)
	}
	expect := func(t *testing.T, d clustertest.Driver, pid int) {
		clustertest.AwaitReady(t, d.Book(), d.Start())
		for backlog, want := range map[int]int{-1: most, -100: most, 7: 7, 0: min(511, most)} {
			port := clustertest.Listen(t, d, 1, map[string]any{"port": clustertest.FreePort(t), "host": "127.0.0.1", "backlog": backlog})
			if got := backlogOf(t, pid, port); got != want {
				t.Errorf("backlog %d is %d in the kernel, want %d", backlog, got, want)
			}
			clustertest.CloseServers(t, d, 1, "tcp")
		}
	}
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		settings := clustertest.AgentSettings(t, node)
		for _, policy := range []cluster.SchedulingPolicy{cluster.SchedRR, cluster.SchedNone} {
			t.Run("node/"+string(policy), func(t *testing.T) {
				p := clustertest.NewNodePrimary(t, node, policy, map[string]any{"exec": settings.Exec})
				expect(t, p, p.Pid())
			})
		}
		clustertest.EachPolicy(t, func(t *testing.T, policy cluster.SchedulingPolicy) {
			settings := settings
			settings.SchedulingPolicy = policy
			expect(t, clustertest.NewRig(t, settings), os.Getpid())
		})
	})
}

// backlogOf returns how long the queue of a process's listening socket may be.
func backlogOf(t *testing.T, pid, port int) int {
	t.Helper()
	process, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(process)
	all, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		number, err := strconv.Atoi(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		fd, err := unix.PidfdGetfd(process, number, 0)
		if err != nil {
			continue
		}
		backlog, ok := queueOn(fd, port)
		unix.Close(fd)
		if ok {
			return backlog
		}
	}
	t.Fatalf("process %d does not listen on port %d", pid, port)
	return 0
}

func queueOn(fd, port int) (backlog int, ok bool) {
	address, err := unix.Getsockname(fd)
	if err != nil {
		return 0, false
	}
	if inet, isInet := address.(*unix.SockaddrInet4); !isInet || inet.Port != port {
		return 0, false
	}
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return 0, false
	}
	return int(info.Sacked), true // so Linux has it for a socket that listens
}
