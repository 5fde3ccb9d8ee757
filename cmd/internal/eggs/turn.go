//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
)

// figures are those of one turn.
type figures struct {
	perSecond   float64 // messages that arrived in a second, those of all workers together
	cpu         float64 // the master's, µs a message
	median, p99 float64 // µs until a message to all has been answered by all
	reload      string  // what went wrong with requests during a reload
	slowest     time.Duration
	stop        string // what became of a request that was being answered
}

// wave is what the agent says of its messages.
type wave struct{ PerSecond, Median, P99 float64 }

// messagesOfWave is how many messages are on their way at once where it is measured how many go in a second.
const messagesOfWave = 100

func (o *options) turn(ctx context.Context, c *contender) (f figures, err error) {
	r, err := c.start(ctx, o, testEnv())
	if err != nil {
		return f, err
	}
	stopped := false
	defer func() {
		if !stopped {
			err = errors.Join(err, r.stop())
		}
	}()
	before, began := measure.CPU(r.Pid()), time.Now()
	many, err := o.messages(ctx, r, messagesOfWave)
	if err != nil {
		return f, err
	}
	spent, took := measure.CPU(r.Pid())-before, time.Since(began)
	one, err := o.messages(ctx, r, 1)
	if err != nil {
		return f, err
	}
	f = figures{perSecond: many.PerSecond, median: one.Median, p99: one.P99}
	f.cpu = float64(spent.Microseconds()) / (many.PerSecond * took.Seconds())
	if f.reload, f.slowest, err = o.reload(ctx, r); err != nil {
		return f, err
	}
	stopped = true
	f.stop, err = stopInFlight(ctx, r)
	return f, err
}

// messages has the agent send messages to all apps.
func (o *options) messages(ctx context.Context, r *running, atOnce int) (w wave, err error) {
	order := map[string]any{"messages": atOnce, "apps": o.workers, "seconds": o.seconds}
	if err := r.tell(ctx, "agent", "measure", order); err != nil {
		return w, err
	}
	return w, r.await(ctx, "measured", &w)
}

// secondsOfReload is how long requests come, of which the reload is in the second one.
const secondsOfReload = 7

// reload replaces all app workers while requests come.
func (o *options) reload(ctx context.Context, r *running) (wrong string, slowest time.Duration, err error) {
	told := make(chan error, 1)
	time.AfterFunc(time.Second, func() { told <- r.tell(ctx, "master", "reload-worker", nil) })
	load, err := measure.Steadily(ctx, r.address, secondsOfReload, o.perSecond)
	if err := errors.Join(err, <-told); err != nil {
		return "", 0, err
	}
	return load.Errors, load.Quantile(1), nil
}

// stopInFlight ends the master while it has a request that takes half a second.
func stopInFlight(ctx context.Context, r *running) (became string, err error) {
	answered := make(chan string, 1)
	go func() { answered <- slowRequest(ctx, r.address) }()
	err = r.await(ctx, "slow", nil)
	if err == nil {
		err = r.Signal(syscall.SIGTERM)
	}
	return <-answered, errors.Join(err, r.stop())
}

func slowRequest(ctx context.Context, address string) string {
	began := time.Now()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/slow?ms=500", nil)
	if err != nil {
		return err.Error()
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: measure.Patience}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Sprintf("cut after %.1f s", time.Since(began).Seconds())
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || string(body) != "egg" {
		return fmt.Sprintf("cut in the middle after %.1f s", time.Since(began).Seconds())
	}
	return fmt.Sprintf("answered after %.1f s", time.Since(began).Seconds())
}
