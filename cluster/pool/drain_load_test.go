//go:build unix

package pool_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// Workers are replaced under clients that go on asking on their connections. None of them loses a request, and none keeps a worker.
func TestDrainUnderLoad(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		const workers, leaves = 4, 20
		d := startDrained(t, node, pool.Options{Instances: workers, Restart: pool.RestartAlways, MinPause: time.Millisecond})
		clients := newDrainClients(t, d)
		for id := 1; id < leaves; id += 2 {
			two := []*cluster.Worker{d.Worker(id), d.Worker(id + 1)}
			for _, w := range two {
				w.Disconnect()
			}
			for _, w := range two {
				nodetest.Receive(t, w.Gone(), fmt.Sprintf("end of worker %d", w.ID()))
				d.listens(t, w.ID()+workers)
			}
		}
		clients.end()
		t.Logf("%d answers", clients.answers.Load())
	})
}

// drainClients ask until they are told to end.
type drainClients struct {
	t       *testing.T
	d       *drained
	answers atomic.Int64
	ended   atomic.Bool
	asking  sync.WaitGroup
}

// maxThought is how long a client may take from an answer to its next request.
const maxThought = 10 * time.Millisecond

// upload is a body that is longer than what the system buffers.
var upload = bytes.Repeat([]byte("x"), 256<<10)

func newDrainClients(t *testing.T, d *drained) *drainClients {
	t.Helper()
	c := &drainClients{t: t, d: d}
	t.Cleanup(c.end)
	for i := range transports {
		c.start(func() error { return c.askOn(i, 1, "GET", "/", nil, "x") })
		c.start(func() error { return c.askOn(i, 1, "POST", "/unread", upload, "x") })
	}
	c.start(func() error { return c.askOn(0, 1, "POST", "/", upload, strconv.Itoa(len(upload))) })
	c.start(func() error { return c.askOn(0, 3, "GET", "/", nil, "x") })
	transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport, Timeout: clustertest.Patience}
	for range 2 {
		c.start(func() error { return c.askHTTP2(client) })
	}
	return c
}

// start has a client ask on one connection after the other, until it is told to end or one fails.
func (c *drainClients) start(ask func() error) {
	c.asking.Go(func() {
		for !c.ended.Load() {
			if err := ask(); err != nil {
				c.t.Error(err)
				return
			}
		}
	})
}

func (c *drainClients) end() {
	c.ended.Store(true)
	c.asking.Wait()
}

// askOn asks on a connection until an answer says that it is the last one, with so many requests under way.
func (c *drainClients) askOn(transport, depth int, method, path string, body []byte, want string) error {
	fail := func(n int, err error) error {
		return fmt.Errorf("%s %s by %s, %d at a time, after %d answers: %w", method, path, transports[transport].name, depth, n, err)
	}
	conn, err := transports[transport].open(c.d)
	if err != nil {
		return fail(0, err)
	}
	defer conn.Close()
	client := keepAlive(conn)
	for n := 0; !c.ended.Load(); n++ {
		for len(client.sent) < depth {
			if err := client.send(method, path, body); err != nil {
				return fail(n, err)
			}
		}
		text, last, err := client.receive()
		switch {
		case err != nil:
			return fail(n, err)
		case text != want:
			return fail(n, fmt.Errorf("the answer is %q, want %q", text, want))
		}
		c.answers.Add(1)
		if last {
			return nil
		}
		time.Sleep(rand.N(maxThought))
	}
	return nil
}

func (c *drainClients) askHTTP2(client *http.Client) error {
	response, err := client.Get(fmt.Sprintf("https://%s/", clustertest.Local(c.d.ports[2])))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	c.answers.Add(1)
	if response.ProtoMajor != 2 {
		return fmt.Errorf("HTTP/2 answers as %s", response.Proto)
	}
	_, err = io.Copy(io.Discard, response.Body)
	return err
}
