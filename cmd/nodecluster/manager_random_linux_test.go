package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// Clients that ask for anything while workers die do no harm, and in the end what the supervisor says is what there is.
func TestRandomCallsWhileWorkersDie(t *testing.T) {
	const clients = 8
	calls := 100
	if nodetest.All() {
		calls = 1000
	}
	m := newManager(t)
	m.startAPI(3, "--max-restarts", "1000000")
	a, _ := m.stored("api")
	supervisor := m.app("api").Supervisor.Pid
	ctx, cancel := context.WithCancel(t.Context())
	var killing, calling sync.WaitGroup
	killing.Go(func() {
		for again := 20 * time.Millisecond; ctx.Err() == nil; time.Sleep(again) {
			killAny(ctx, control.NewClient(a.Dial))
		}
	})
	for range clients {
		calling.Go(func() {
			for range calls / clients {
				callAnything(t, control.NewClient(a.Dial))
			}
		})
	}
	calling.Wait()
	cancel()
	killing.Wait()
	poll(t, "a scaling is done", func() bool { return m.run("scale", "api", "3").status == 0 })
	poll(t, "what is said is what there is", func() bool {
		pids, children := m.pids("api"), childrenOf(supervisor)
		slices.Sort(pids)
		slices.Sort(children)
		return m.app("api").Ready == 3 && slices.Equal(pids, children)
	})
	if text, err := os.ReadFile(a.SupervisorLog()); err != nil || strings.Contains(string(text), "panic") || strings.Contains(string(text), "goroutine ") {
		t.Errorf("the supervisor says %s (%v)", text, err)
	}
}

// killAny kills a worker that is ready. Those that are killed before are failures, after which others wait longer and longer.
func killAny(ctx context.Context, c *control.Client) {
	app, err := c.App(ctx)
	if err != nil || app.Ready == 0 {
		return
	}
	for {
		if w := app.Workers[rand.IntN(len(app.Workers))]; w.State == control.WorkerOnline {
			syscall.Kill(w.Pid, syscall.SIGKILL)
			return
		}
	}
}

// callAnything makes a call, with or without sense. Errors are to be those of the API.
func callAnything(t *testing.T, c *control.Client) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+rand.IntN(2000))*time.Millisecond)
	defer cancel()
	instance := rand.IntN(6) - 1
	var err error
	switch rand.IntN(14) {
	case 0:
		_, err = c.Reload(ctx, control.Reload{Wait: rand.IntN(2) == 0, Parallel: rand.IntN(4) - 1})
	case 1:
		_, err = c.Reload(ctx, control.Reload{Instance: &instance, Strategy: []string{"rolling", "switch", "no"}[rand.IntN(3)]})
	case 2:
		_, err = c.Restart(ctx)
	case 3:
		_, err = c.Scale(ctx, control.Scale{Instances: []string{"1", "2", "+1", "-1", "-9", "max", "x", ""}[rand.IntN(8)]})
	case 4:
		err = c.Signal(ctx, control.Signal{Signal: []string{"SIGTERM", "KILL", "SIGUSR2", "no"}[rand.IntN(4)], Instance: &instance})
	case 5:
		err = c.Reset(ctx)
	case 6:
		err = c.Drain(ctx, control.Drain{})
	case 7:
		for range c.Events(ctx) {
			break
		}
	case 8:
		_, err = c.Metrics(ctx)
	case 9:
		err = c.FlushLogs(ctx)
	case 10:
		err = c.ReopenLogs(ctx)
	default:
		_, err = c.App(ctx)
	}
	if failed := (*control.Error)(nil); err != nil && !errors.As(err, &failed) && ctx.Err() == nil || failed != nil && failed.Code == control.CodeInternal {
		t.Errorf("a call ends with %v", err)
	}
}
