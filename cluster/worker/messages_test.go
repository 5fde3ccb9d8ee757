//go:build linux

package worker_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/cluster/worker"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func init() {
	program("asks and answers", askAndAnswer)
	program("tells a primary that does not read", tellUnread)
	program("gives a connection away", giveConnection)
}

// exchange is a request or a response.
type exchange struct {
	Command string `json:"cmd"`
	ID      int    `json:"id"`
	Body    string `json:"body,omitempty"`
	Error   string `json:"error,omitempty"`
}

// askAndAnswer asks the primary twice, the second time in vain, and answers its question.
func askAndAnswer() error {
	ctx := context.Background()
	p, err := worker.Join(ctx)
	if err != nil {
		return err
	}
	response, err := p.Request(ctx, "how many?")
	if err != nil {
		return err
	}
	var text string
	if err := response.Decode(&text); err != nil {
		return err
	}
	_, err = p.Request(ctx, "and more?")
	var failure *nodeipc.ResponseError
	if text != "three" || !errors.As(err, &failure) || failure.Text != "no more" {
		return fmt.Errorf("the primary responds %q, %v", text, err)
	}
	question, err := p.Receive(ctx)
	if err != nil {
		return err
	}
	if err := question.Decode(&text); err != nil || !question.IsRequest() {
		return fmt.Errorf("the primary asks %q: %v, request: %v", question.Payload(), err, question.IsRequest())
	}
	if err := question.Respond(ctx, text+" yourself"); err != nil {
		return err
	}
	<-p.Done()
	return errAsExpected
}

var (
	ownRequest  = exchange{Command: "nodecluster:request", ID: 17, Body: "count"}
	ownResponse = exchange{Command: "nodecluster:response", ID: 17, Body: "count yourself"}
)

// A worker and a Node primary ask each other. The primary relays what this test says, word by word.
func TestRequests(t *testing.T) {
	underNode(t, "asks and answers", []int{16, 26}, nodePolicies[:1], func(u under) {
		w := u.Start()
		first := u.exchange(w, 1)
		u.Tell(w, exchange{Command: "nodecluster:response", ID: first.ID, Body: "three"})
		second := u.exchange(w, 2)
		u.Tell(w, exchange{Command: "nodecluster:response", ID: second.ID, Error: "no more"})
		u.Tell(w, ownRequest)
		response := u.exchange(w, 3)
		if first.Body != "how many?" || second.Body != "and more?" || response != ownResponse {
			u.t.Errorf("the worker says %+v, %+v, %+v", first, second, response)
		}
		u.DisconnectWorker(w)
		u.expectExit(w, asExpected)
	})
}

// A worker and a primary of ours ask each other.
func TestRequestsUnderOurs(t *testing.T) {
	nodetest.NoLeaks(t)
	settings := cluster.Settings{ExecPath: self(t), Env: clustertest.AsProgram("asks and answers")}
	clustertest.Speaks(&settings)
	primary, err := cluster.NewPrimary(settings)
	if err != nil {
		t.Fatal(err)
	}
	defer primary.Close()
	w, err := primary.Fork()
	if err != nil {
		t.Fatal(err)
	}
	ctx := clustertest.Patient(t)
	if err := nextMessage(t, primary).Respond(ctx, "three"); err != nil {
		t.Fatal(err)
	}
	if err := nextMessage(t, primary).RespondError(ctx, "no more"); err != nil {
		t.Fatal(err)
	}
	if err := w.Send(ctx, ownRequest); err != nil {
		t.Fatal(err)
	}
	var response exchange
	if err := nextMessage(t, primary).Decode(&response); err != nil || response != ownResponse {
		t.Errorf("the worker responds %+v, %v", response, err)
	}
	w.Disconnect()
	<-w.Exited()
	if status := w.ExitStatus(); status.Code != asExpected {
		t.Errorf("the worker ends with %v", status)
	}
}

// nextMessage passes over other events.
func nextMessage(t *testing.T, primary *cluster.Primary) nodeipc.Message {
	t.Helper()
	for {
		event, err := primary.Next(clustertest.Patient(t))
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := event.(cluster.MessageEvent); ok {
			return e.Message
		}
	}
}

// exchange waits for a worker's message number n.
func (u under) exchange(worker, n int) (e exchange) {
	u.t.Helper()
	o := u.Book().Await(u.t, "request or response", func(o clustertest.Occurrence) bool {
		if o.Event == "message" && o.Worker == worker {
			n--
		}
		return n == 0
	})
	if err := json.Unmarshal(o.Message, &e); err != nil {
		u.t.Fatal(err)
	}
	return e
}

// tellUnread waits for a signal, and then tells the primary more than there is room for.
func tellUnread() error {
	p, err := worker.Join(context.Background())
	if err != nil {
		return err
	}
	begin := make(chan os.Signal, 1)
	signal.Notify(begin, syscall.SIGUSR1)
	if err := p.Tell("ready"); err != nil {
		return err
	}
	<-begin
	text := strings.Repeat("x", 64<<10)
	for told := 0; ; told += len(text) {
		if err := p.Tell(text); err != nil || told > 64<<20 {
			return expected(errors.Is(err, nodeipc.ErrNotReading) && p.IsConnected(), "tell", told, err)
		}
	}
}

// Telling a primary that has stopped neither waits nor costs the channel.
func TestTellDoesNotWait(t *testing.T) {
	nodetest.NoLeaks(t)
	p := startNode(t, nodetest.Default(t), cluster.SchedRR, "tells a primary that does not read")
	u := under{p, t}
	w := u.Start()
	clustertest.AwaitReady(t, u.Book(), w)
	pid := p.Pid(w)
	if err := p.Child.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGUSR1); err != nil {
		t.Error(err)
	}
	awaitZombie(t, pid)
	if err := p.Child.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	u.expectExit(w, asExpected)
}

// giveConnection gives the primary the first connection that comes, and leaves when it is asked to.
func giveConnection() error {
	p, l, err := joinAndListen()
	if err != nil {
		return err
	}
	conn, err := l.Accept()
	if err != nil {
		return err
	}
	if err := p.SendConn(context.Background(), "yours", conn); err != nil {
		return err
	}
	<-p.Done()
	return errAsExpected
}

// The client of a connection that a worker has given away hears the primary, and does not keep the worker from leaving.
func TestSendConn(t *testing.T) {
	underNode(t, "gives a connection away", []int{16, 26}, nodePolicies, func(u under) {
		w, port := u.startOn()
		u.listening(w, 1)
		client := clustertest.Connect(u.t, "tcp", clustertest.Local(port))
		if text, err := io.ReadAll(client.Reader); string(text) != "primary\n" || err != nil {
			u.t.Errorf("the client hears %q, %v", text, err)
		}
		u.DisconnectWorker(w)
		u.expectExit(w, asExpected)
	})
}

// A process that runs alone has nobody to talk to.
func TestMessagesAlone(t *testing.T) {
	p := join(t, context.Background())
	ctx := context.Background()
	_, requesting := p.Request(ctx, "anybody?")
	for what, err := range map[string]error{"tell": p.Tell("to nobody"), "request": requesting, "send": p.SendConn(ctx, "for nobody", nil)} {
		if !errors.Is(err, worker.ErrNotWorker) || !strings.HasPrefix(err.Error(), "worker: "+what+": ") {
			t.Errorf("%s: %v, want %v", what, err, worker.ErrNotWorker)
		}
	}
}
