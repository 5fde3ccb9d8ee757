//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
)

// reloadPatience is how long a reload may take.
const reloadPatience = 3 * time.Minute

func portVariable(port int) string { return fmt.Sprintf("PORT=%d", port) }

// ours is nodecluster run.
type ours struct {
	program *measure.Program
	events  *eventReader
}

func startOurs(policy string, worker []string) func(context.Context, *measurement, place) (server, error) {
	return func(ctx context.Context, m *measurement, p place) (server, error) {
		o := m.options
		command := []string{o.nodecluster, "run", "-i", fmt.Sprint(o.workers), "--sched", policy, "--log-format", "json"}
		program, err := measure.Start(ctx, append(command, worker...), p.env...)
		if err != nil {
			return nil, err
		}
		s := &ours{program, &eventReader{log: program.Log()}}
		if err := s.awaitListening(o.workers); err != nil {
			s.end()
			return nil, err
		}
		return s, nil
	}
}

func (s *ours) awaitListening(workers int) error {
	var failure error
	err := s.program.Await(fmt.Sprintf("server with %d workers", workers), func() bool {
		var events []event
		if events, failure = s.events.next(); failure != nil {
			return true
		}
		for _, e := range events {
			if e.Msg == "listening" {
				workers--
			}
		}
		return workers <= 0
	})
	return errors.Join(err, failure)
}

func (s *ours) reload() error {
	if err := s.program.Signal(syscall.SIGHUP); err != nil {
		return err
	}
	var failure error
	err := measure.AwaitFor(reloadPatience, "end of the reload", func() bool {
		events, err := s.events.next()
		if err != nil {
			failure = err
			return true
		}
		for _, e := range events {
			if over, err := e.endsReload(); over {
				failure = err
				return true
			}
		}
		return false
	}, s.program.Running)
	return errors.Join(err, failure)
}

func (s *ours) end() { s.program.End() }

// endsReload reports whether an event is the end of a reload, and gives the error that it has ended with.
func (e event) endsReload() (bool, error) {
	switch {
	case e.Msg == "reloaded":
		return true, nil
	case e.Msg == "error" && strings.HasPrefix(e.Error, "reload: "):
		return true, errors.New(e.Error)
	}
	return false, nil
}
