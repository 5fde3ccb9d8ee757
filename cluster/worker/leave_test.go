//go:build linux

package worker_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/cluster/worker"
)

func init() {
	program("shuts down as net/http documents", shutDownHTTP)
	program("stops gracefully as gRPC does", stopGracefully)
	program("learns of its leaving by Accept", acceptUntilClosed)
}

// joinAndListen is how programs begin that have an accept loop of their own.
func joinAndListen() (*worker.Process, net.Listener, error) {
	p, err := worker.Join(context.Background())
	if err != nil {
		return nil, nil, err
	}
	l, err := p.Listen(context.Background(), "tcp", "127.0.0.1:"+os.Getenv("PORT"))
	return p, l, err
}

// answerSlowly begins to answer at once, and takes its time.
func answerSlowly(w http.ResponseWriter, _ *http.Request) {
	io.WriteString(w, "begun, ")
	http.NewResponseController(w).Flush()
	time.Sleep(slowAnswer)
	io.WriteString(w, "done")
}

const slowAnswer = 300 * time.Millisecond

// shutDownHTTP is the example of http.Server.Shutdown, for which the worker's context is the signal.
func shutDownHTTP() error {
	p, l, err := joinAndListen()
	if err != nil {
		return err
	}
	server := http.Server{Handler: http.HandlerFunc(answerSlowly)}
	idleConnsClosed := make(chan error)
	go func() {
		<-p.Context().Done()
		idleConnsClosed <- server.Shutdown(context.Background())
	}()
	if err := server.Serve(l); err != http.ErrServerClosed {
		return err
	}
	if err := <-idleConnsClosed; err != nil {
		return err
	}
	<-p.Done()
	return nil
}

// stopGracefully accepts and stops as gRPC's Serve and GracefulStop do: an error of Accept is a failure unless the stop has
// begun, which closes the listener and waits for what is under way.
func stopGracefully() error {
	p, l, err := joinAndListen()
	if err != nil {
		return err
	}
	quit, stopped := make(chan struct{}), make(chan struct{})
	var serving sync.WaitGroup
	serving.Add(1) // of Accept, which may give a last connection while the stop waits
	go func() {
		<-p.Context().Done()
		close(quit)
		l.Close()
		serving.Wait()
		close(stopped)
	}()
	for {
		conn, err := l.Accept()
		if err == nil {
			serving.Go(func() { answerSlowlyOn(conn) })
			continue
		}
		serving.Done()
		select {
		case <-quit:
			<-stopped
			<-p.Done()
			return nil
		default:
			return err
		}
	}
}

func answerSlowlyOn(conn net.Conn) {
	defer conn.Close()
	if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
		return
	}
	fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nbegun, ")
	time.Sleep(slowAnswer)
	fmt.Fprint(conn, "done")
}

// A program that shuts down as its own documentation says loses no request, and does not fail.
func TestShuttingDownLosesNoRequest(t *testing.T) {
	const workers = 20
	play := func(u under) {
		var running sync.WaitGroup
		for range workers {
			w, port := u.startOn()
			running.Go(func() { u.leaveDuringRequest(w, port) })
		}
		running.Wait()
	}
	for _, name := range []string{"shuts down as net/http documents", "stops gracefully as gRPC does"} {
		t.Run(name, func(t *testing.T) {
			underNode(t, name, []int{20}, nodePolicies, play)
			underOurs(t, name, []cluster.SchedulingPolicy{cluster.SchedRR, cluster.SchedReusePort}, play)
		})
	}
}

// leaveDuringRequest has a worker leave that is at a request.
func (u under) leaveDuringRequest(worker, port int) {
	u.Book().Event(u.t, "listening", worker)
	response, err := open(port, "/")
	if err != nil {
		u.t.Error(err)
		return
	}
	defer response.Body.Close()
	u.DisconnectWorker(worker)
	if text, err := io.ReadAll(response.Body); err != nil || string(text) != "begun, done" {
		u.t.Errorf("the answer is %q, %v", text, err)
	}
	u.expectExit(worker, 0)
}

// acceptUntilClosed does not look at the context: it waits for Accept to fail, with a connection open for all its life.
func acceptUntilClosed() error {
	p, l, err := joinAndListen()
	if err != nil {
		return err
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			return expected(errors.Is(err, net.ErrClosed) && errors.Is(err, worker.ErrAskedToLeave) && p.Context().Err() != nil,
				"accept", err)
		}
		fmt.Fprintln(conn, p.ID())
	}
}

// A program that learns only by Accept that it has to leave learns that, with and without connections.
func TestAcceptFailsInTheEnd(t *testing.T) {
	play := func(u under) {
		idle, _ := u.startOn()
		busy, port := u.startOn()
		u.listening(idle, 1)
		u.listening(busy, 1)
		clustertest.Connect(u.t, "tcp", clustertest.Local(port)).Worker(u.t)
		u.DisconnectWorker(idle)
		u.DisconnectWorker(busy)
		u.expectExit(idle, asExpected)
		u.expectExit(busy, asExpected)
	}
	underNode(t, "learns of its leaving by Accept", []int{26}, nodePolicies, play)
	underOurs(t, "learns of its leaving by Accept", []cluster.SchedulingPolicy{cluster.SchedReusePort}, play)
}
