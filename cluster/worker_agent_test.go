//go:build linux

package cluster_test

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

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster/worker"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// agentProgram is the Go worker that does as it is told, like testdata/worker/worker.cjs.
const agentProgram = "agent"

func init() { clustertest.Programs[agentProgram] = runAgent }

// agent is what such a worker has.
type agent struct {
	*worker.Process
	servers map[string]io.Closer
	serving sync.WaitGroup // what has to end before the worker
	stays   bool

	mu     sync.Mutex
	open   int // connections
	closed *sync.Cond
}

// order is a command of the primary's.
type order struct {
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

// reply is what an agent answers, but for the number.
type reply map[string]any

func runAgent() error {
	self, err := worker.Join(context.Background())
	if err != nil {
		return err
	}
	a := &agent{Process: self, servers: map[string]io.Closer{}}
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
func (a *agent) obey() error {
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

func (a *agent) say(message any) error { return a.Send(context.Background(), message) }

func (a *agent) do(m nodeipc.Message) error {
	var o order
	value := clustertest.Text(m)
	if value[0] == '{' {
		if err := json.Unmarshal(value, &o); err != nil {
			return fmt.Errorf("%s: %w", value, err)
		}
	}
	command, ok := commands[o.Do]
	if !ok {
		return a.say(reply{"got": value})
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

var commands map[string]func(*agent, order, *handlewrap.Handle) (reply, error)

func init() {
	commands = map[string]func(*agent, order, *handlewrap.Handle) (reply, error){
		"listen": (*agent).listen,
		"bind":   (*agent).bind,
		"close":  (*agent).close,
		"take":   (*agent).take,
		"give":   (*agent).give,
		"state":  (*agent).state,
		"echo":   func(_ *agent, o order, _ *handlewrap.Handle) (reply, error) { return reply{"value": o.Value}, nil },
		"send":   func(a *agent, o order, _ *handlewrap.Handle) (reply, error) { return reply{}, a.say(o.Value) },
		"idle":   (*agent).idle,
		"flood":  (*agent).flood,
		"disconnect": func(a *agent, _ order, _ *handlewrap.Handle) (reply, error) {
			a.Disconnect()
			return nil, nil
		},
		"kill": func(a *agent, _ order, _ *handlewrap.Handle) (reply, error) { a.Kill(); return nil, nil },
		"exit": func(_ *agent, o order, _ *handlewrap.Handle) (reply, error) { os.Exit(o.Code); return nil, nil },
		"crash": func(*agent, order, *handlewrap.Handle) (reply, error) {
			panic("crashed as it was told to")
		},
		"stay": func(a *agent, _ order, _ *handlewrap.Handle) (reply, error) { a.stays = true; return reply{}, nil },
	}
}

func (a *agent) close(o order, _ *handlewrap.Handle) (reply, error) {
	name := o.Name
	if name == "" {
		name = "tcp"
	}
	return reply{}, a.servers[name].Close()
}

func (a *agent) flood(o order, _ *handlewrap.Handle) (reply, error) {
	text := strings.Repeat("x", o.Size)
	for range o.Count {
		if err := a.say(text); err != nil {
			return nil, err
		}
	}
	return reply{}, nil
}

func (a *agent) state(order, *handlewrap.Handle) (reply, error) {
	variables := []string{}
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "NODE_CHANNEL") || strings.HasPrefix(name, "NODE_UNIQUE") {
			variables = append(variables, name)
		}
	}
	return reply{
		"id": a.ID(), "state": a.State(), "connected": a.IsConnected(), "variables": variables,
		"exitedAfterDisconnect": a.ExitedAfterDisconnect(),
	}, nil
}

// serve greets each client that connects, until the listener is closed.
func (a *agent) serve(l net.Listener) {
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
func (a *agent) hold(conn net.Conn) {
	a.count(1)
	a.serving.Go(func() {
		defer a.count(-1)
		defer conn.Close()
		fmt.Fprintf(conn, "%d\n", a.ID())
		io.Copy(io.Discard, conn)
	})
}

func (a *agent) count(connections int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.open += connections
	a.closed.Broadcast()
}

// idle answers once no connection is open.
func (a *agent) idle(order, *handlewrap.Handle) (reply, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.open > 0 {
		a.closed.Wait()
	}
	return reply{}, nil
}

func (a *agent) answerDatagrams(conn net.PacketConn) {
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
