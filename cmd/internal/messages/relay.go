//go:build unix

package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cluster/pool/routes"
)

//go:embed testdata/relay.js
var relayScript []byte

//go:embed testdata/asker.js
var askerScript []byte

// askers is how many workers ask each other.
const askers = 4

// relay is a parent in Go whose children are workers that ask each other by Socket.IO's adapter. A round trip is a question that all others
// have answered.
func relay(argument string) error {
	p := &parent{}
	if err := json.Unmarshal([]byte(argument), &p.turn); err != nil {
		return err
	}
	workers, err := pool.New(cluster.Settings{
		Exec: p.turn.Child, ExecPath: p.turn.Node, Serialization: p.turn.Serialization,
		Env: append(os.Environ(), fmt.Sprint("SIZE=", p.turn.Size), fmt.Sprint("IN_FLIGHT=", p.turn.InFlight), fmt.Sprint("WORKERS=", p.turn.Workers)),
	}, pool.Options{Instances: p.turn.Workers, Restart: pool.RestartNever, Routes: []pool.Route{routes.SocketIO()}})
	if err != nil {
		return err
	}
	defer workers.Close()
	if err := workers.Start(); err != nil {
		return err
	}
	return p.countAnswers(workers)
}

// countAnswers takes what workers tell of answers until the turn is over, and prints the figures.
func (p *parent) countAnswers(workers *pool.Pool) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	begun := make(chan sight, 1)
	begin := func() {
		begun <- p.look()
		time.AfterFunc(seconds(p.turn.Seconds), cancel)
	}
	for ctx.Err() == nil {
		event, err := workers.Next(ctx)
		if err != nil {
			break
		}
		e, ok := event.(cluster.MessageEvent)
		if !ok {
			continue
		}
		var told struct {
			Answered int64 `json:"answered"`
		}
		if err := e.Message.Decode(&told); err != nil {
			return err
		}
		if p.roundTrips.Add(told.Answered) == told.Answered {
			time.AfterFunc(seconds(p.turn.WarmUp), begin)
		}
	}
	after := p.look()
	if dropped := workers.Routes()[0].Dropped; dropped > 0 {
		return fmt.Errorf("%d messages were dropped, as the workers did not read in time", dropped)
	}
	select {
	case before := <-begun:
		return json.NewEncoder(os.Stdout).Encode(after.since(before))
	default:
		return errors.New("the workers have ended")
	}
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }
