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

// changePatience is how long a change may take, or may be waited for.
const changePatience = 3 * time.Minute

func portVariable(port int) string { return fmt.Sprintf("PORT=%d", port) }

// ours is nodecluster run, or a primary of the library's.
type ours struct {
	program *measure.Program
	events  *eventReader
}

// startOurs is how to start what makes the changes, with workers that run a command.
func (m *measurement) startOurs(policy string, worker []string) func(context.Context, *measurement, place) (server, error) {
	o := m.options
	switch o.change {
	case scaling:
		command := append([]string{o.primary, policy, fmt.Sprint(fewWorkers), fmt.Sprint(o.workers)}, worker...)
		return startProgram(command, fewWorkers, func(s *ours) server { return scaled{s} })
	case recycling:
		return startProgram(o.runCommand(policy, worker, "--max-lifetime", o.lifetime().String()), o.workers, func(s *ours) server { return recycled{s} })
	}
	return startProgram(o.runCommand(policy, worker), o.workers, func(s *ours) server { return reloaded{s} })
}

func (o *options) runCommand(policy string, worker []string, flags ...string) []string {
	command := []string{o.nodecluster, "run", "-i", fmt.Sprint(o.workers), "--sched", policy, "--log-format", "json"}
	return append(append(command, flags...), worker...)
}

// startProgram is how to start a program, and to wait until so many workers serve.
func startProgram(command []string, workers int, as func(*ours) server) func(context.Context, *measurement, place) (server, error) {
	return func(ctx context.Context, _ *measurement, p place) (server, error) {
		program, err := measure.Start(ctx, command, p.env...)
		if err != nil {
			return nil, err
		}
		s := &ours{program, &eventReader{log: program.Log()}}
		if err := s.awaitListening(workers); err != nil {
			s.end()
			return nil, err
		}
		return as(s), nil
	}
}

func (s *ours) awaitListening(workers int) error {
	var failure error
	err := s.program.Await(fmt.Sprintf("server with %d workers", workers), func() bool {
		for workers > 0 {
			e, ok, err := s.events.nextOne()
			if failure = err; !ok {
				return err != nil
			}
			if e.Msg == "listening" {
				workers--
			}
		}
		return true
	})
	return errors.Join(err, failure)
}

// await waits for an event of a change, and gives the error that it has ended with instead.
func (s *ours) await(change, name string) (found event, err error) {
	var failure error
	err = measure.AwaitFor(changePatience, "event "+name, func() bool {
		for {
			e, ok, err := s.events.nextOne()
			if failure = err; !ok {
				return err != nil
			}
			var over bool
			if over, failure = e.ends(change, name); over {
				found = e
				return true
			}
		}
	}, s.program.Running)
	return found, errors.Join(err, failure)
}

func (s *ours) end() { s.program.End() }

// ends reports whether an event is the one of a change that is waited for, or its failure, of which the error tells.
func (e event) ends(change, name string) (bool, error) {
	switch {
	case e.Msg == name:
		return true, nil
	case e.Msg == "error" && strings.HasPrefix(e.Error, change+": "):
		return true, errors.New(e.Error)
	}
	return false, nil
}

// reloaded is one that reloads at a signal.
type reloaded struct{ *ours }

func (s reloaded) change() (began time.Time, err error) {
	began = time.Now()
	if err := s.program.Signal(syscall.SIGHUP); err != nil {
		return began, err
	}
	_, err = s.await("reload", "reloaded")
	return began, err
}

// scaled is one that scales at a signal, to many workers and to few in turns.
type scaled struct{ *ours }

// change scales up, and down again.
func (s scaled) change() (began time.Time, err error) {
	began = time.Now()
	for range 2 {
		if err := s.program.Signal(syscall.SIGHUP); err != nil {
			return began, err
		}
		if _, err := s.await("scale", "scaled"); err != nil {
			return began, err
		}
	}
	return began, nil
}

// recycled is one that replaces workers by itself, one at a time.
type recycled struct{ *ours }

// change waits for the next replacement.
func (s recycled) change() (began time.Time, err error) {
	begin, err := s.await("replace", "replace")
	if err != nil {
		return began, err
	}
	_, err = s.await("replace", "replaced")
	return begin.Time, err
}
