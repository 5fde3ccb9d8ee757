//go:build unix

package clustertest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
)

// LoadClients is how many clients a load has.
const LoadClients = 32

// load is clients that open one connection after the other, with a request on each.
type load struct {
	address string
	end     sync.Once
	ending  chan struct{}
	running sync.WaitGroup

	mu       sync.Mutex
	opened   int
	enough   int
	reached  chan struct{} // closed when that many were opened
	Failures []Failure
}

// Failure is a connection on which no answer came, from before it was opened to when that was clear.
type Failure struct {
	Began, Ended time.Time
	Err          error
}

func StartLoad(port int) *load { return StartLoadOf(port, LoadClients) }

func StartLoadOf(port, clients int) *load {
	l := &load{address: fmt.Sprintf("127.0.0.1:%d", port), ending: make(chan struct{})}
	for range clients {
		l.running.Go(l.client)
	}
	return l
}

// Stop lets the clients end their last requests. It may be called twice.
func (l *load) Stop() {
	l.end.Do(func() { close(l.ending) })
	l.running.Wait()
}

func (l *load) Connections() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.opened
}

// ExpectConnections waits until so many connections have been opened.
func (l *load) ExpectConnections(t *testing.T, n int) {
	t.Helper()
	reached := make(chan struct{})
	l.mu.Lock()
	l.enough, l.reached = n, reached
	l.notify()
	l.mu.Unlock()
	select {
	case <-reached:
	case <-Patient(t).Done():
		t.Fatalf("%d of %d connections were opened", l.Connections(), n)
	}
}

// notify tells who waits for enough connections; mu is held.
func (l *load) notify() {
	if l.reached != nil && l.opened >= l.enough {
		close(l.reached)
		l.reached = nil
	}
}

func (l *load) client() {
	for {
		select {
		case <-l.ending:
			return
		default:
		}
		began := time.Now()
		err := Ask(l.address, began.Add(Patience))
		l.count(Failure{began, time.Now(), err})
	}
}

// count counts a connection, which is a failure if it has an error.
func (l *load) count(f Failure) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.opened++
	l.notify()
	if f.Err != nil {
		l.Failures = append(l.Failures, f)
	}
}

// Ask opens a connection and reads the answer to a request to its end.
func Ask(address string, deadline time.Time) error {
	conn, err := (&net.Dialer{Deadline: deadline}).Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(deadline); err != nil {
		return err
	}
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"); err != nil {
		return err
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return err
}

// Deaths are workers that were killed.
type Deaths struct {
	List    []*Death
	pending sync.WaitGroup
}

// Death lies between two times: that of the signal, and that at which the primary knew.
type Death struct {
	Worker         *cluster.Worker
	killed, exited time.Time
}

func (d *Deaths) Cause(t *testing.T, w *cluster.Worker) {
	t.Helper()
	this := &Death{Worker: w, killed: time.Now()}
	if err := w.Kill(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	d.List = append(d.List, this)
	d.pending.Go(func() {
		<-w.Exited()
		this.exited = time.Now()
	})
}

func (d *Deaths) Has(w *cluster.Worker) bool {
	return slices.ContainsFunc(d.List, func(death *Death) bool { return death.Worker == w })
}

func (d *Deaths) Wait() { d.pending.Wait() }

// During finds the death that can have caused a failure, nil if there was none at the time.
func (d *Deaths) During(f Failure) *Death {
	for _, death := range d.List {
		if !death.killed.After(f.Ended) && !death.exited.Before(f.Began) {
			return death
		}
	}
	return nil
}

// ExpectAllOf checks that whatever failed did so while a worker died, and that no more failed than the clients could have had
// with it.
func (d *Deaths) ExpectAllOf(t *testing.T, failures []Failure) {
	t.Helper()
	lost := map[*Death]int{}
	for _, f := range failures {
		during := d.During(f)
		switch {
		case !lostToDeath(f.Err):
			t.Errorf("a client failed after %v with: %v", f.Ended.Sub(f.Began), f.Err)
		case during == nil:
			t.Errorf("a client failed while no worker died, after %v with: %v", f.Ended.Sub(f.Began), f.Err)
		default:
			lost[during]++
		}
	}
	for d, n := range lost {
		if n > LoadClients {
			t.Errorf("worker %d took %d connections with it; there were %d clients", d.Worker.ID(), n, LoadClients)
		}
	}
}

// lostToDeath reports whether an error is that of a connection whose other end has ended.
func lostToDeath(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// ListeningWorkers are those of some workers that listen.
func ListeningWorkers(workers []*cluster.Worker) []*cluster.Worker {
	return slices.DeleteFunc(workers, func(w *cluster.Worker) bool { return w.State() != cluster.StateListening })
}

// BodyOf asks on a connection of its own for what the server of a port answers.
func BodyOf(t testing.TB, port int) string {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: Patience}
	response, err := client.Get("http://" + Local(port))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
