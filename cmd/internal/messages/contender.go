//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// patience is how long a parent may take beside its turn.
const patience = 10 * time.Second

// contender is a parent, and what it came to in each cell.
type contender struct {
	name      string
	command   []string
	bareRelay string // of the turns
	results   map[cell]*result
}

func newContender(name string, command ...string) *contender {
	return &contender{name: name, command: command, results: map[cell]*result{}}
}

// result is one cell's turns, or why there are none.
type result struct {
	turns   []figures
	refused string
}

// take runs one turn, unless the contender was seen to fail in that cell.
func (c *contender) take(in cell, t turn) {
	r := c.results[in]
	if r == nil {
		r = &result{}
		c.results[in] = r
	}
	if r.refused != "" {
		return
	}
	t.BareRelay = c.bareRelay
	f, err := run(c.command, t)
	if err != nil {
		r.refused = err.Error()
		return
	}
	r.turns = append(r.turns, f)
}

// run runs a parent in a process of its own.
func run(command []string, t turn) (f figures, err error) {
	argument, err := json.Marshal(t)
	if err != nil {
		return f, err
	}
	limit := time.Duration((t.WarmUp+t.Seconds)*float64(time.Second)) + patience
	ctx, cancel := context.WithTimeoutCause(context.Background(), limit, errors.New("it took too long"))
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], append(command[1:], string(argument))...)
	cmd.WaitDelay = patience
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	switch {
	case ctx.Err() != nil:
		return f, context.Cause(ctx)
	case err != nil:
		last := strings.TrimSpace(stderr.String())
		return f, fmt.Errorf("%w: %s", err, last[strings.LastIndexByte(last, '\n')+1:])
	}
	if err := json.Unmarshal(out, &f); err != nil {
		return f, fmt.Errorf("what it printed: %w: %q", err, out)
	}
	if f.RoundTrips == 0 {
		return f, errors.New("no message came back")
	}
	return f, nil
}
