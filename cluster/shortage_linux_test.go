package cluster_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func init() { clustertest.Programs["primary short of descriptors"] = shortPrimary }

// shortPrimary is a primary with one worker on $PORT. It prints what it has to say. When a line comes, there is room for no
// descriptor any more; at the next one there is for a few.
func shortPrimary() error {
	primary, err := cluster.NewPrimary(cluster.Settings{
		ExecPath: os.Args[0], Env: append(clustertest.AsProgram("greeter"), "LISTEN=127.0.0.1:"+os.Getenv("PORT")), SchedulingPolicy: cluster.SchedRR,
	})
	if err != nil {
		return err
	}
	defer primary.Close()
	if _, err := primary.Fork(); err != nil {
		return err
	}
	go func() {
		defer primary.Close()
		lines := bufio.NewScanner(os.Stdin)
		if !lines.Scan() {
			return
		}
		if err := clustertest.LeaveRoomFor(0); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("short")
		for lines.Scan() {
			if err := clustertest.MakeRoomFor(window / 2); err != nil {
				fmt.Println(err)
			}
		}
	}()
	for {
		event, err := primary.Next(context.Background())
		if err != nil {
			return nil
		}
		switch e := event.(type) {
		case cluster.ListeningEvent:
			fmt.Println("listening")
		case cluster.ErrorEvent:
			fmt.Println(e.Err)
		}
	}
}

// talkTo starts a program of the tests. The test writes to it, reads its lines, and waits for its end, which is to be in order.
func talkTo(t *testing.T, program string, env ...string) (in io.WriteCloser, lines *bufio.Reader, wait func()) {
	t.Helper()
	cmd := exec.CommandContext(clustertest.Patient(t), os.Args[0])
	cmd.Env = slices.Concat(os.Environ(), clustertest.AsProgram(program), env)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return in, bufio.NewReader(out), func() {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
}

// A primary that has no descriptor left for another connection says so once, and leaves it in the kernel's queue.
func TestShortageOfDescriptors(t *testing.T) {
	nodetest.NoLeaks(t)
	port := nodetest.FreePort(t)
	in, lines, wait := talkTo(t, "primary short of descriptors", "PORT="+strconv.Itoa(port))
	if line, err := lines.ReadString('\n'); line != "listening\n" {
		t.Fatalf("the primary says %q, %v", line, err)
	}
	// A worker that has answered quickly gets several connections at once, more than there will be room for.
	for range window {
		one := clustertest.ConnectAll(t, port, 1)
		clustertest.Greetings(t, one)
		clustertest.HangUp(one)
	}
	if _, err := io.WriteString(in, "be short\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := lines.ReadString('\n'); line != "short\n" {
		t.Fatalf("the primary says %q, %v", line, err)
	}
	clients := clustertest.ConnectAll(t, port, 5*window)
	if line, err := lines.ReadString('\n'); !strings.Contains(line, "too many open files") {
		t.Fatalf("the primary says %q, %v, want that it has no descriptors left", line, err)
	}
	if _, err := io.WriteString(in, "go on\n"); err != nil {
		t.Fatal(err)
	}
	if by := clustertest.Greetings(t, clients); by[1] != len(clients) {
		t.Errorf("connections by worker: %v, want all", by)
	}
	clustertest.HangUp(clients)
	in.Close()
	if rest, err := io.ReadAll(lines); err != nil || len(rest) > 0 {
		t.Errorf("the primary says more than once that it is short: %q, %v", rest, err)
	}
	wait()
}
