//go:build linux

package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// newconns sends so many connections before the worker reads any of them.
func newconns(count int) func(*rig, any) error {
	return func(r *rig, message any) error {
		return r.afterListening(message, count, func() error {
			for range count {
				if err := r.give(r.key); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// betweenMessages puts plain messages directly before and after each of two handles.
func betweenMessages(before, after []string) func(*rig, any) error {
	return func(r *rig, message any) error {
		return r.afterListening(message, 2, func() error {
			for range 2 {
				if err := r.sendAll(before); err != nil {
					return err
				}
				if err := r.give(r.key); err != nil {
					return err
				}
				if err := r.sendAll(after); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

func (r *rig) sendAll(messages []string) error {
	for _, m := range messages {
		if err := r.send(m, -1); err != nil {
			return err
		}
	}
	return nil
}

func unknownKey(r *rig, message any) error {
	return r.afterListening(message, 1, func() error { return r.give("no:such:key") })
}

func withoutHandle(r *rig, message any) error {
	return r.afterListening(message, 1, func() error {
		return r.cluster(object{{"act", "newconn"}, {"key", r.key}})
	})
}

// afterClose offers a connection to a server that the worker has closed.
func afterClose(r *rig, message any) error {
	if text(message, "act") == "close" {
		return r.give(r.key)
	}
	return doneAfterAnswers(1)(r, message)
}

// disconnectWithConnection asks the worker to leave while it has a connection, then ends that connection.
func disconnectWithConnection(r *rig, message any) error {
	if text(message, "act") == "listening" {
		return r.give(r.key)
	}
	if _, answer := get(message, "accepted").(bool); !answer {
		return nil
	}
	if err := disconnectWorker(r); err != nil {
		return err
	}
	r.awaitClients()
	return nil
}

// afterListening runs give, with the worker stopped, once the worker listens, and ends the scenario after as many answers.
func (r *rig) afterListening(message any, answers int, give func() error) error {
	if text(message, "act") == "listening" {
		return r.whileStopped(give)
	}
	return doneAfterAnswers(answers)(r, message)
}

// doneAfterAnswers ends the scenario when so many connections were taken or refused.
func doneAfterAnswers(answers int) func(*rig, any) error {
	return func(r *rig, message any) error {
		if _, answer := get(message, "accepted").(bool); !answer {
			return nil
		}
		if r.answered++; r.answered < answers {
			return nil
		}
		r.awaitClients()
		return sendDone(r)
	}
}

// whileStopped runs f with the worker stopped, so that all that f sends is there when the worker reads again.
func (r *rig) whileStopped(f func() error) error {
	pid := r.cmd.Process.Pid
	if err := unix.Kill(pid, unix.SIGSTOP); err != nil {
		return fmt.Errorf("stop the worker: %w", err)
	}
	defer unix.Kill(pid, unix.SIGCONT)
	for end := time.Now().Add(patience); !stopped(pid); {
		if time.Now().After(end) {
			return fmt.Errorf("process %d did not stop", pid)
		}
	}
	return f()
}

func stopped(pid int) bool {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(stat), ") ")
	return strings.HasPrefix(rest, "T")
}
