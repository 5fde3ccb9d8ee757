//go:build linux

package cluster_test

import (
	"bufio"
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

// loadClients is how many clients a load has.
const loadClients = 32

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
	failures []failure
}

// failure is a connection on which no answer came, from before it was opened to when that was clear.
type failure struct {
	began, ended time.Time
	err          error
}

func startLoad(port int) *load {
	l := &load{address: fmt.Sprintf("127.0.0.1:%d", port), ending: make(chan struct{})}
	for range loadClients {
		l.running.Go(l.client)
	}
	return l
}

// stop lets the clients end their last requests. It may be called twice.
func (l *load) stop() {
	l.end.Do(func() { close(l.ending) })
	l.running.Wait()
}

func (l *load) connections() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.opened
}

// expectConnections waits until so many connections have been opened.
func (l *load) expectConnections(t *testing.T, n int) {
	t.Helper()
	reached := make(chan struct{})
	l.mu.Lock()
	l.enough, l.reached = n, reached
	l.notify()
	l.mu.Unlock()
	select {
	case <-reached:
	case <-patient(t).Done():
		t.Fatalf("%d of %d connections were opened", l.connections(), n)
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
		err := ask(l.address, began.Add(patience))
		l.count(failure{began, time.Now(), err})
	}
}

// count counts a connection, which is a failure if it has an error.
func (l *load) count(f failure) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.opened++
	l.notify()
	if f.err != nil {
		l.failures = append(l.failures, f)
	}
}

// ask opens a connection and reads the answer to a request to its end.
func ask(address string, deadline time.Time) error {
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

// deaths are workers that were killed.
type deaths struct {
	list    []*death
	pending sync.WaitGroup
}

// death lies between two times: that of the signal, and that at which the primary knew.
type death struct {
	worker         *cluster.Worker
	killed, exited time.Time
}

func (d *deaths) cause(t *testing.T, w *cluster.Worker) {
	t.Helper()
	this := &death{worker: w, killed: time.Now()}
	if err := w.Kill(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	d.list = append(d.list, this)
	d.pending.Go(func() {
		<-w.Exited()
		this.exited = time.Now()
	})
}

func (d *deaths) has(w *cluster.Worker) bool {
	return slices.ContainsFunc(d.list, func(death *death) bool { return death.worker == w })
}

func (d *deaths) wait() { d.pending.Wait() }

// during finds the death that can have caused a failure, nil if there was none at the time.
func (d *deaths) during(f failure) *death {
	for _, death := range d.list {
		if !death.killed.After(f.ended) && !death.exited.Before(f.began) {
			return death
		}
	}
	return nil
}
