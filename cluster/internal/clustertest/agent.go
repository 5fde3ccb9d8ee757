//go:build linux

package clustertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"

	"github.com/nodecluster/nodecluster/cluster/worker"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// AgentProgram is the Go worker that does as it is told, like testdata/worker/worker.cjs.
const AgentProgram = "agent"

func init() { Programs[AgentProgram] = runAgent }

// agent is what such a worker has.
type goAgent struct {
	*worker.Process
	servers map[string]io.Closer
	serving sync.WaitGroup // what has to end before the worker
	stays   bool

	mu     sync.Mutex
	open   int // connections
	closed *sync.Cond
}

// Order is a command of the primary's.
type Order struct {
	Do             string
	N              int
	Name           string
	Kind           string
	At             listenOptions
	Options        listenOptions
	Socket         json.RawMessage
	MaxConnections int
	Port           int
	Code           int
	Count, Size    int
	Value          json.RawMessage
}

// Reply is what an agent answers, but for the number.
type Reply map[string]any

func runAgent() error {
	self, err := worker.Join(context.Background())
	if err != nil {
		return err
	}
	a := &goAgent{Process: self, servers: map[string]io.Closer{}}
	a.closed = sync.NewCond(&a.mu)
	if err := a.say("ready"); err != nil {
		return err
	}
	if err := a.obey(); err != nil {
		return err
	}
	if a.stays {
		select {}
	}
	a.serving.Wait()
	return nil
}

// obey does what the primary says until the channel ends.
func (a *goAgent) obey() error {
	for {
		m, err := a.Receive(context.Background())
		if errors.Is(err, nodeipc.ErrDisconnected) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := a.do(m); err != nil {
			return err
		}
	}
}

func (a *goAgent) say(message any) error { return a.Send(context.Background(), message) }

func (a *goAgent) do(m nodeipc.Message) error {
	var o Order
	value := Text(m)
	if value[0] == '{' {
		if err := json.Unmarshal(value, &o); err != nil {
			return fmt.Errorf("%s: %w", value, err)
		}
	}
	command, ok := commands[o.Do]
	if !ok {
		return a.say(Reply{"got": value})
	}
	result, err := command(a, o, m.Handle)
	if err != nil || result == nil {
		return err
	}
	if o.N != 0 {
		result["n"] = o.N
	}
	return a.say(result)
}

var commands map[string]func(*goAgent, Order, *handlewrap.Handle) (Reply, error)

func init() {
	commands = map[string]func(*goAgent, Order, *handlewrap.Handle) (Reply, error){
		"listen": (*goAgent).listen,
		"bind":   (*goAgent).bind,
		"close":  (*goAgent).close,
		"take":   (*goAgent).take,
		"give":   (*goAgent).give,
		"state":  (*goAgent).state,
		"echo":   func(_ *goAgent, o Order, _ *handlewrap.Handle) (Reply, error) { return Reply{"value": o.Value}, nil },
		"send":   func(a *goAgent, o Order, _ *handlewrap.Handle) (Reply, error) { return Reply{}, a.say(o.Value) },
		"idle":   (*goAgent).idle,
		"flood":  (*goAgent).flood,
		"disconnect": func(a *goAgent, _ Order, _ *handlewrap.Handle) (Reply, error) {
			a.Disconnect()
			return nil, nil
		},
		"kill": func(a *goAgent, _ Order, _ *handlewrap.Handle) (Reply, error) { a.Kill(); return nil, nil },
		"exit": func(_ *goAgent, o Order, _ *handlewrap.Handle) (Reply, error) { os.Exit(o.Code); return nil, nil },
		"crash": func(*goAgent, Order, *handlewrap.Handle) (Reply, error) {
			panic("crashed as it was told to")
		},
		"stay": func(a *goAgent, _ Order, _ *handlewrap.Handle) (Reply, error) { a.stays = true; return Reply{}, nil },
	}
}

func (a *goAgent) close(o Order, _ *handlewrap.Handle) (Reply, error) {
	name := o.Name
	if name == "" {
		name = "tcp"
	}
	return Reply{}, a.servers[name].Close()
}

func (a *goAgent) flood(o Order, _ *handlewrap.Handle) (Reply, error) {
	text := strings.Repeat("x", o.Size)
	for range o.Count {
		if err := a.say(text); err != nil {
			return nil, err
		}
	}
	return Reply{}, nil
}

func (a *goAgent) state(Order, *handlewrap.Handle) (Reply, error) {
	variables := []string{}
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "NODE_CHANNEL") || strings.HasPrefix(name, "NODE_UNIQUE") {
			variables = append(variables, name)
		}
	}
	return Reply{
		"id": a.ID(), "state": a.State(), "connected": a.IsConnected(), "variables": variables,
		"exitedAfterDisconnect": a.ExitedAfterDisconnect(),
	}, nil
}

// serve greets each client that connects, until the listener is closed.
func (a *goAgent) serve(l net.Listener) {
	a.serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			a.hold(conn)
		}
	})
}

// hold tells a client which worker it has reached, and keeps the connection open until the client ends it.
func (a *goAgent) hold(conn net.Conn) {
	a.count(1)
	a.serving.Go(func() {
		defer a.count(-1)
		defer conn.Close()
		fmt.Fprintf(conn, "%d\n", a.ID())
		io.Copy(io.Discard, conn)
	})
}

func (a *goAgent) count(connections int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.open += connections
	a.closed.Broadcast()
}

// idle answers once no connection is open.
func (a *goAgent) idle(Order, *handlewrap.Handle) (Reply, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.open > 0 {
		a.closed.Wait()
	}
	return Reply{}, nil
}

func (a *goAgent) answerDatagrams(conn net.PacketConn) {
	a.serving.Go(func() {
		buffer := make([]byte, 1024)
		for {
			n, peer, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			conn.WriteTo(fmt.Appendf(nil, "%d %s", a.ID(), buffer[:n]), peer)
		}
	})
}
