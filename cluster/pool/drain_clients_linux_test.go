package pool_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"golang.org/x/sys/unix"
)

// clientKind is a kind of client: it asks on one connection after the other, as ask does.
type clientKind struct {
	name string
	ask  func(*drainClients) error
}

// drainClients ask until they are told to end.
type drainClients struct {
	t       *testing.T
	answers atomic.Int64
	ended   atomic.Bool
	asking  sync.WaitGroup
}

func startDrainClients(t *testing.T, name string, kinds []clientKind) *drainClients {
	t.Helper()
	c := &drainClients{t: t}
	t.Cleanup(c.end)
	for _, kind := range kinds {
		c.asking.Go(func() {
			for !c.ended.Load() {
				if err := kind.ask(c); err != nil {
					t.Errorf("%s: %s: %v", name, kind.name, err)
					return
				}
			}
		})
	}
	return c
}

func (c *drainClients) end() {
	c.ended.Store(true)
	c.asking.Wait()
}

// maxThought is how long a client may pause. It has to be well below what a worker waits for on a connection, and long enough for all
// clients to be answered at once.
const maxThought = 300 * time.Millisecond

// maxPause is how long after the beginning of one request a client may begin the next one, and be sure of an answer: less than what a worker
// waits for after the end of the first. Where the machine has no time for a client it takes longer, and the client may send its request in
// the moment in which the worker ends the connection.
const maxPause = 700 * time.Millisecond

// upload is a body that is longer than what the system buffers.
var upload = bytes.Repeat([]byte("x"), 1<<20)

// What clients ask of drainedServers.
var (
	small  = newAsk("GET", "/", nil, "x")
	large  = newAsk("POST", "/", upload, strconv.Itoa(len(upload)))
	unread = newAsk("POST", "/unread", upload, "x")
)

// anything is any answer.
const anything = "*"

// kinds are clients of all kinds.
func (d *drained) kinds() (kinds []clientKind) {
	add := func(name string, ask func(*drainClients) error) { kinds = append(kinds, clientKind{name, ask}) }
	for _, transport := range transports {
		open := func() (net.Conn, error) { return transport.open(d) }
		add(transport.name+", at once", talker{open: open, asks: []ask{small}, burst: 20, thought: maxThought}.talk)
		add(transport.name+", two at once", talker{open: open, asks: []ask{small, small}, burst: 5, thought: maxThought}.talk)
		add(transport.name+", new connections", talker{open: open, late: maxThought, asks: []ask{small}, once: true}.talk)
		add(transport.name+", unread uploads", talker{open: open, asks: []ask{unread}, thought: maxThought}.talk)
	}
	open := func() (net.Conn, error) { return transports[0].open(d) }
	add("http, new connections at once", talker{open: open, asks: []ask{small}, once: true, thought: maxThought / 10}.talk)
	add("http, uploads", talker{open: open, asks: []ask{large}, thought: maxThought}.talk)
	add("http, an upload and more", talker{open: open, asks: []ask{large, small}, thought: maxThought}.talk)
	add("http, uploads on new connections", talker{open: open, asks: []ask{large}, once: true, thought: maxThought}.talk)
	add("http, one more under way", pipeliner{open}.talk)
	return append(kinds, clientKind{"http2", d.http2Client()})
}

// talker is a client that sends its requests at once, and the same again when all are answered, on one connection until an answer says that
// it is the last one.
type talker struct {
	open    func() (net.Conn, error)
	asks    []ask
	late    time.Duration // at most, until the first request
	burst   int           // how often they are sent again without a thought
	thought time.Duration // at most, from answers to the next request
	once    bool          // the connection is closed after that
}

func (k talker) talk(c *drainClients) error {
	used := time.Now()
	conn, err := k.open()
	if err != nil {
		return err
	}
	defer conn.Close()
	client := keepAlive(conn)
	think(k.late)
	for n := 0; n == 0 || !k.once && !c.ended.Load(); n++ {
		last, err := client.exchange(k.asks)
		paused := client.asked.Sub(used)
		if err != nil && (paused > maxPause || n > 0 && errors.Is(err, errEndedBefore)) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("after %d requests, the last of them %v before: %w", n, paused, err)
		}
		used = client.asked
		c.answers.Add(int64(len(k.asks)))
		if last {
			return nil
		}
		if k.burst == 0 || n%k.burst == 0 {
			think(k.thought)
		}
	}
	think(k.thought)
	return nil
}

// errEndedBefore is for a connection that the server has ended before a request was sent, as it may.
var errEndedBefore = errors.New("the connection was ended before the request")

// hasEnded reports whether the server has ended a connection.
func hasEnded(conn net.Conn) (ended bool) {
	if encrypted, ok := conn.(*tls.Conn); ok {
		conn = encrypted.NetConn()
	}
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return true
	}
	raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		ended = err != nil || info.State != unix.BPF_TCP_ESTABLISHED
	})
	return ended
}

func think(most time.Duration) {
	if most > 0 {
		time.Sleep(rand.N(most))
	}
}

// exchange sends requests at once, and takes the answers to all of them. It reports whether the last one is the connection's last.
func (c *keptAlive) exchange(asks []ask) (last bool, err error) {
	sent := make(chan error, 1)
	go func() { sent <- c.send(asks) }()
	for _, a := range asks {
		text, isLast, err := c.receive()
		if err == nil && text != a.want && a.want != anything {
			err = fmt.Errorf("the answer is %q, want %q", text, a.want)
		}
		if err != nil {
			c.Close()
			return false, errors.Join(err, <-sent)
		}
		last = isLast
	}
	return last, <-sent
}

// send sends requests at once, of which the first bytes come first: once they are sent, the server knows that the connection is used.
func (c *keptAlive) send(asks []ask) error {
	const first = 16
	if hasEnded(c.Conn) {
		c.asked = time.Now()
		return errEndedBefore
	}
	var requests []byte
	for _, a := range asks {
		requests = append(requests, a.request...)
	}
	_, err := c.Write(requests[:first])
	c.asked = time.Now()
	if err == nil {
		_, err = c.Write(requests[first:])
	}
	return err
}

// pipeliner is a client that always has one request more under way, and asks again elsewhere for what comes behind the last answer: this
// was not read.
type pipeliner struct{ open func() (net.Conn, error) }

func (k pipeliner) talk(c *drainClients) error {
	used := time.Now()
	conn, err := k.open()
	if err != nil {
		return err
	}
	defer conn.Close()
	client := keepAlive(conn)
	var pauses []time.Duration // before each of the requests under way
	for n := 0; !c.ended.Load(); n++ {
		var unsent error // what goes behind the last answer may find the connection closed
		for len(pauses) < 2 {
			unsent = client.write(small)
			pauses = append(pauses, client.asked.Sub(used))
			used = client.asked
		}
		text, last, err := client.receive()
		switch {
		case err != nil && pauses[0] > maxPause:
			return nil
		case err != nil || text != small.want || unsent != nil && !last:
			return fmt.Errorf("after %d requests, the last of them %v before: the answer is %q: %w", n, pauses[0], text, errors.Join(unsent, err))
		}
		pauses = pauses[1:]
		c.answers.Add(1)
		if last {
			return nil
		}
		if n%20 == 0 {
			think(maxThought)
		}
	}
	return nil
}

// http2Client asks over HTTP/2. The transport opens a connection when the one before takes no more.
func (d *drained) http2Client() func(*drainClients) error {
	transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	client := &http.Client{Transport: transport, Timeout: clustertest.Patience}
	d.T.Cleanup(transport.CloseIdleConnections)
	return func(c *drainClients) error {
		response, err := client.Post(fmt.Sprintf("https://%s/", clustertest.Local(d.ports[2])), "", bytes.NewReader([]byte("four")))
		if err != nil {
			return err
		}
		defer response.Body.Close()
		defer think(maxThought / 10)
		c.answers.Add(1)
		text, err := io.ReadAll(response.Body)
		if err == nil && (response.ProtoMajor != 2 || string(text) != "4") {
			err = fmt.Errorf("%s answers %q", response.Proto, text)
		}
		return err
	}
}
