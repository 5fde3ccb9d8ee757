//go:build unix

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc"
)

// parent is a parent in Go: its argument is the turn.
type parent struct {
	turn       turn
	message    any
	roundTrips atomic.Int64
	begin      func()
}

// small is the small message.
type small struct {
	Text string `json:"text"`
	N    int    `json:"n"`
}

// play takes a turn with one of the two ways to use a channel, and prints the figures.
func play(argument string, way func(*parent) error) error {
	p := &parent{message: small{"hello", 1}}
	if err := json.Unmarshal([]byte(argument), &p.turn); err != nil {
		return err
	}
	if p.turn.Size > 0 {
		p.message = strings.Repeat("x", p.turn.Size)
	}
	return way(p)
}

// start starts the child, and with its first answer the clock that ends it.
func (p *parent) start(o nodeipc.Options) (*nodeipc.Child, error) {
	cmd := exec.Command(p.turn.Node, p.turn.Child)
	cmd.Stderr = os.Stderr
	o.Serialization = p.turn.Serialization
	seconds := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	p.begin = func() {
		time.AfterFunc(seconds(p.turn.WarmUp), func() {
			before := p.look()
			time.AfterFunc(seconds(p.turn.Seconds), func() {
				after := p.look()
				json.NewEncoder(os.Stdout).Encode(after.since(before))
				cmd.Process.Signal(syscall.SIGTERM)
			})
		})
	}
	return nodeipc.Start(cmd, o)
}

// receive is the way of [nodeipc.Channel.Receive].
func (p *parent) receive() error {
	child, err := p.start(nodeipc.Options{})
	if err != nil {
		return err
	}
	ctx := context.Background()
	for range p.turn.InFlight {
		if err := child.Send(ctx, p.message); err != nil {
			return err
		}
	}
	for {
		m, err := child.Receive(ctx)
		if err != nil {
			break
		}
		if err := p.check(m); err != nil {
			return err
		}
		if child.Send(ctx, p.message) != nil {
			break
		}
	}
	_, err = child.Wait()
	return err
}

// check decodes a message as a user does, and then needs it no more.
func (p *parent) check(m nodeipc.Message) error {
	defer m.Release()
	if p.roundTrips.Add(1) == 1 {
		p.begin()
	}
	if p.turn.Size > 0 {
		var text string
		if err := m.Decode(&text); err != nil {
			return err
		}
		if len(text) != p.turn.Size {
			return fmt.Errorf("the child sent %d characters", len(text))
		}
		return nil
	}
	var got small
	if err := m.Decode(&got); err != nil {
		return err
	}
	if got != p.message {
		return fmt.Errorf("the child sent %+v", got)
	}
	return nil
}

// sight is what has been counted up to a moment.
type sight struct {
	roundTrips int64
	time       time.Time
	cpu        time.Duration
}

func (p *parent) look() sight {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err) // it has no other error than a wrong argument
	}
	return sight{p.roundTrips.Load(), time.Now(), time.Duration(usage.Utime.Nano() + usage.Stime.Nano())}
}

func (s sight) since(before sight) figures {
	return figures{
		RoundTrips: int(s.roundTrips - before.roundTrips),
		Seconds:    s.time.Sub(before.time).Seconds(),
		CPUMicros:  float64((s.cpu - before.cpu).Nanoseconds()) / 1e3,
	}
}
