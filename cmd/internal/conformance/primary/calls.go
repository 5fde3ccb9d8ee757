//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// call is a line of the test's process on the pipe.
type call struct {
	Call   string `json:"call"`
	After  int    `json:"after"` // how many messages it had sent before
	Worker int    `json:"worker"`
	Signal int    `json:"signal"`
	environment
	setup
}

// answer is the line that answers it.
type answer struct {
	Error *failure `json:"error,omitempty"`
	list
	ExitedAfterDisconnect bool     `json:"exitedAfterDisconnect"`
	Done                  bool     `json:"done"`
	ID                    int      `json:"id,omitempty"`
	Pid                   int      `json:"pid,omitempty"`
	Args                  []string `json:"args,omitempty"`
	Pipes                 string   `json:"pipes,omitempty"`
}

// caller is the pipe.
type caller struct {
	lines  *bufio.Reader
	answer *json.Encoder
}

func (b *bridge) serveCalls(pipe *os.File) {
	c := &caller{bufio.NewReader(pipe), json.NewEncoder(pipe)}
	for {
		line, err := c.lines.ReadBytes('\n')
		if err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) {
				return
			}
			fail(err)
		}
		var asked call
		if err := json.Unmarshal(line, &asked); err != nil {
			fail(err)
		}
		b.await(asked.After)
		if err := c.answer.Encode(b.do(c, &asked)); err != nil {
			return
		}
	}
}

func (b *bridge) do(c *caller, asked *call) (a answer) {
	var err error
	switch asked.Call {
	case "setup":
		if err = b.setup(asked); err == nil {
			a.Pipes = b.pipes.path()
		}
	case "fork":
		err = b.fork(c, asked, &a)
	case "disconnectAll":
		if b.primary == nil {
			err = b.setup(asked)
		}
		go b.disconnectAll()
	default:
		if w := b.worker(asked.Worker); w != nil {
			w.now(func() { err = b.doWith(w, asked, &a) })
		}
	}
	a.Error = failureOf(err)
	if b.primary != nil {
		a.list = b.list()
	}
	return a
}

func (b *bridge) doWith(w *worker, asked *call, a *answer) error {
	switch asked.Call {
	case "disconnect":
		w.Disconnect()
	case "closeChannel":
		if err := w.CloseChannel(); err != nil {
			return err
		}
	case "kill":
		err := w.Kill(syscall.Signal(asked.Signal))
		if err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
		a.Done = err == nil
	default:
		return fmt.Errorf("there is no call %q", asked.Call)
	}
	b.primary.Workers() // a Disconnect has been taken note of after it
	a.ExitedAfterDisconnect = w.ExitedAfterDisconnect()
	return nil
}

func (b *bridge) disconnectAll() {
	if err := b.primary.Disconnect(context.Background()); err != nil {
		fail(err)
	}
	b.tell(goneEvent{"gone", b.list()})
}

// fork starts a worker as the test's process would: with its variables and working directory.
func (b *bridge) fork(c *caller, asked *call, a *answer) error {
	if err := asked.environment.enter(); err != nil {
		return err
	}
	settings := b.primary.Settings()
	settings.ExecPath, settings.DebugPort = asked.ExecPath, asked.DebugPort
	settings.InspectPort = asked.inspectPort(c)
	streams, err := b.pipes.streams(asked.Stdio, &settings)
	if err != nil {
		return err
	}
	w, err := b.primary.ForkWith(settings, asked.WorkerEnv...)
	streams.close()
	if err != nil {
		return err
	}
	fmt.Fprintln(b.log, "fork")
	if settings.Silent {
		if err := b.pipes.copySilent(w); err != nil {
			return err
		}
	}
	b.add(w)
	a.ID, a.Pid, a.Args = w.ID(), w.Pid(), w.Args()
	return nil
}

// inspectPort asks the test's process for a port where Node would: when a worker needs one.
func (asked *call) inspectPort(c *caller) func() int {
	if !asked.AskInspectPort {
		return nil
	}
	return func() int {
		var port *int
		if err := c.answer.Encode(map[string]string{"ask": "inspectPort"}); err != nil {
			return -1
		}
		line, err := c.lines.ReadBytes('\n')
		if err != nil || json.Unmarshal(line, &port) != nil || port == nil {
			return -1 // no port at all
		}
		return *port
	}
}
