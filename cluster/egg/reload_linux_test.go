package egg

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// A load is clients that ask one request after the other until they are told to stop. Half of them keep their connection.
type load struct {
	t        *testing.T
	answered atomic.Int64
	stop     chan struct{}
	clients  sync.WaitGroup
}

func startLoad(t *testing.T, port int) *load {
	l := &load{t: t, stop: make(chan struct{})}
	for i := range 6 {
		l.clients.Go(func() { l.ask(fmt.Sprintf("http://127.0.0.1:%d/", port), i%2 == 0) })
	}
	return l
}

// ask asks by POST, which Go's client does not repeat by itself when the connection breaks off.
func (l *load) ask(url string, keeps bool) {
	transport := &http.Transport{DisableKeepAlives: !keeps}
	defer transport.CloseIdleConnections()
	client := http.Client{Transport: transport, Timeout: nodetest.Patience}
	for {
		select {
		case <-l.stop:
			return
		default:
		}
		response, err := client.Post(url, "text/plain", nil)
		if err != nil {
			l.t.Errorf("after %d answers, with a connection that is kept: %t: %v", l.answered.Load(), keeps, err)
			return
		}
		if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusOK {
			l.t.Errorf("the answer is %s, %v", response.Status, err)
		}
		response.Body.Close()
		l.answered.Add(1)
	}
}

// end stops the clients, and returns how many answers they have had.
func (l *load) end() int64 {
	close(l.stop)
	l.clients.Wait()
	return l.answered.Load()
}

// TestReloadLosesNothing reloads again and again while clients ask: all are answered, and by new app workers in the end.
func TestReloadLosesNothing(t *testing.T) {
	wanted := int64(500)
	if nodetest.All() {
		wanted = 10_000
	}
	eachEgg(t, func(t *testing.T, egg string) {
		r := startReady(t, egg, nil, nil)
		before := r.workers(2)
		l := startLoad(t, r.port)
		reloads := 0
		for reloads == 0 || l.answered.Load() < wanted && !t.Failed() {
			reloads++
			r.Reload()
			r.awaitOutput("started at", 2+2*reloads)
			r.awaitOutput("app hook", 2*reloads)
		}
		t.Logf("%d requests were answered in %d reloads", l.end(), reloads)
		for pid := range r.workers(2) {
			if before[pid] {
				t.Errorf("app worker %d was not replaced", pid)
			}
		}
	})
}
