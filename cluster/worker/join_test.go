//go:build linux

package worker_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster/worker"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// joining is a Go program as the one worker of a real Node primary.
type joining struct {
	*clustertest.TracingPrimary
	t      *testing.T
	port   int
	worker int
}

func startProgram(t *testing.T, node nodetest.Runtime, policy cluster.SchedulingPolicy, program string) *joining {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	j := &joining{TracingPrimary: clustertest.StartTracingPrimary(t, node, nil), t: t, port: nodetest.FreePort(t)}
	j.Setup(policy, map[string]any{})
	j.worker = j.Fork(self, nil, append(clustertest.AsProgram(program), "PORT="+strconv.Itoa(j.port))...)
	return j
}

// eachProgram runs f with a program under the oldest and the newest Node, with each policy.
func eachProgram(t *testing.T, program string, f func(*joining)) {
	t.Helper()
	nodetest.NoLeaks(t)
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		for _, policy := range []cluster.SchedulingPolicy{cluster.SchedRR, cluster.SchedNone} {
			t.Run(string(policy), func(t *testing.T) { f(startProgram(t, node, policy, program)) })
		}
	})
}

// expectExit waits for the end of the worker, which must be that of its own choice.
func (j *joining) expectExit(code int) {
	j.t.Helper()
	if exit := j.AwaitEvent("exit", j.worker); exit.Code != code || exit.Signal != "" {
		j.t.Errorf("the worker ended with code %d, signal %q, want code %d", exit.Code, exit.Signal, code)
	}
}

func TestOutlivePrimary(t *testing.T) {
	eachProgram(t, "outlive", func(j *joining) {
		j.AwaitEvent("listening", j.worker)
		j.CloseChannel(j.worker)
		j.expectExit(asExpected)
	})
}

func TestListenOnceAskedToLeave(t *testing.T) {
	eachProgram(t, "late", func(j *joining) {
		j.AwaitEvent("online", j.worker)
		j.DisconnectWorker(j.worker)
		j.expectExit(asExpected)
	})
}

// TestListenCancelled gives up a server whose answer is on its way, and has the port free for another once it is there.
func TestListenCancelled(t *testing.T) {
	eachProgram(t, "cancelled", func(j *joining) {
		j.Await(t, "the end of the server", func(clustertest.Occurrence) bool { return j.Closes(j.worker) > 0 })
		j.Tell(j.worker, "again")
		clustertest.AwaitReady(t, j.Journal, j.worker)
		if w := clustertest.WhoServes(t, "tcp", clustertest.Local(j.port)); w != j.worker {
			t.Errorf("worker %d answers, want %d", w, j.worker)
		}
		j.expectExit(asExpected)
	})
}

// TestTwoSocketsOnOnePort has a worker leave whose two sockets have one key under a primary of Node 22 or later.
func TestTwoSocketsOnOnePort(t *testing.T) {
	eachProgram(t, "twice", func(j *joining) {
		clustertest.AwaitReady(t, j.Journal, j.worker)
		j.DisconnectWorker(j.worker)
		j.expectExit(0)
	})
}

// TestLeavingFinishesRequests has a worker leave in the middle of a request, and with a connection that is idle.
func TestLeavingFinishesRequests(t *testing.T) {
	eachProgram(t, "uploads", func(j *joining) {
		j.AwaitEvent("listening", j.worker)
		idle := clustertest.RealClient(t, true, nil)
		if got := postText(t, idle, j.port, strings.NewReader("short")); got != "5 bytes, <nil>" {
			t.Errorf("the server answers %q", got)
		}
		body, upload := io.Pipe()
		request, err := http.NewRequest(http.MethodPost, "http://"+clustertest.Local(j.port), body)
		if err != nil {
			t.Fatal(err)
		}
		response, err := clustertest.RealClient(t, true, nil).Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		j.DisconnectWorker(j.worker)
		j.Await(t, "the end of the server", func(clustertest.Occurrence) bool { return j.Closes(j.worker) > 0 })
		clustertest.ExpectNobody(t, j.port)
		if _, err := io.WriteString(upload, "the rest"); err != nil {
			t.Error(err)
		}
		upload.Close()
		if answer, err := io.ReadAll(response.Body); string(answer) != "8 bytes, <nil>" || err != nil {
			t.Errorf("the request that was under way ends with %q, %v", answer, err)
		}
		j.expectExit(asExpected)
	})
}

func postText(t *testing.T, client *http.Client, port int, body io.Reader) string {
	t.Helper()
	response, err := client.Post("http://"+clustertest.Local(port), "text/plain", body)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

// TestDeafWorkerServes sends a worker more than is kept for a program that does not receive, which goes on serving, keeps
// no more, says so once, and leaves when it is asked to.
func TestDeafWorkerServes(t *testing.T) {
	nodetest.NoLeaks(t)
	j := startProgram(t, nodetest.Default(t), cluster.SchedRR, "deaf")
	j.AwaitEvent("listening", j.worker)
	client := clustertest.RealClient(t, false, nil)
	url := "http://" + clustertest.Local(j.port)
	before := heapOf(t, client, url)
	j.Do(clustertest.Command{"do": "flood", "worker": j.worker, "count": 100_000, "size": 1 << 10})
	if answers := clustertest.Identities(t, client, url, 2); answers[1].Worker != j.worker {
		t.Errorf("worker %d answers", answers[1].Worker)
	}
	const kept = 16 << 20
	if now := heapOf(t, client, url); now < before+kept/2 || now > before+2*kept {
		t.Errorf("%d bytes are in use before 100 MiB of messages and %d after, want %d more", before, now, kept)
	}
	j.DisconnectWorker(j.worker)
	j.expectExit(0)
	j.Child.Disconnect()
	<-j.Exited
	const says = "messages are dropped that nobody receives"
	if n := strings.Count(j.Printed.String(), says); n != 1 {
		t.Errorf("the worker says %d times that %s:\n%s", n, says, j.Printed)
	}
}

func heapOf(t *testing.T, client *http.Client, url string) (bytes int) {
	t.Helper()
	response, err := client.Get(url + "/heap")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := fmt.Fscan(response.Body, &bytes); err != nil {
		t.Fatal(err)
	}
	return bytes
}

// TestSecondServerOnOnePort has a worker with two servers on one port, of which Node's primary refuses the second.
func TestSecondServerOnOnePort(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		j := startProgram(t, node, cluster.SchedNone, clustertest.AgentProgram)
		clustertest.AwaitReady(t, j.Journal, j.worker)
		options := map[string]any{"port": j.port, "host": "127.0.0.1"}
		clustertest.Listen(t, j, j.worker, options)
		a := clustertest.AskAgent(t, j, j.worker, clustertest.Command{"do": "listen", "name": "second", "options": options})
		if a.Error == nil || a.Error.Code != "EADDRINUSE" {
			t.Errorf("the second server: %v, want EADDRINUSE", a.Error)
		}
		if w := clustertest.WhoServes(t, "tcp", clustertest.Local(j.port)); w != j.worker {
			t.Errorf("worker %d answers, want %d", w, j.worker)
		}
		j.DisconnectWorker(j.worker)
		j.expectExit(0)
	})
}

// TestServerFromPrimary gives a worker a server of the primary's, which Node 16 and 18 do not survive when the worker
// is Node's.
func TestServerFromPrimary(t *testing.T) {
	eachProgram(t, clustertest.AgentProgram, func(j *joining) {
		clustertest.AwaitReady(t, j.Journal, j.worker)
		give, n := clustertest.Giving(j.worker, "server", clustertest.Command{"name": "given"})
		j.Do(give)
		if w := clustertest.WhoServes(t, "tcp", clustertest.Local(j.Reply(j.worker, n).Port)); w != j.worker {
			t.Errorf("worker %d answers, want %d", w, j.worker)
		}
		clustertest.CloseServers(t, j, j.worker, "given")
		j.DisconnectWorker(j.worker)
		j.expectExit(0)
	})
}

func TestJoinWithoutChannel(t *testing.T) {
	for _, id := range []string{"", "x", "0", "-1", "1.5"} {
		t.Setenv("NODE_UNIQUE_ID", id)
		if _, err := worker.Join(context.Background()); err == nil || !strings.Contains(err.Error(), "NODE_UNIQUE_ID") {
			t.Errorf("NODE_UNIQUE_ID=%q: %v", id, err)
		}
	}
	t.Setenv("NODE_UNIQUE_ID", "1")
	if _, err := worker.Join(context.Background()); !errors.Is(err, nodeipc.ErrNoChannel) {
		t.Errorf("a worker without a channel: %v, want %v", err, nodeipc.ErrNoChannel)
	}
	if id := os.Getenv("NODE_UNIQUE_ID"); id != "1" {
		t.Errorf("NODE_UNIQUE_ID=%q after Join has failed: the next would run alone", id)
	}
	if _, err := worker.Join(context.Background()); !errors.Is(err, nodeipc.ErrNoChannel) {
		t.Errorf("the second time: %v, want %v", err, nodeipc.ErrNoChannel)
	}
}
