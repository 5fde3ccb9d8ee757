package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/boot"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

// launch starts the supervisor of an application: by its unit where startup was used, else as a process that goes on by itself. What is returned
// tells when it has ended, with why it could not be started, or nil for what it has recorded.
func (a *application) launch(ctx context.Context) (ended <-chan error, err error) {
	if manager, ok := bootManager(); ok {
		return a.launchByUnit(ctx, manager)
	}
	return a.detach()
}

// launchByUnit has systemd start the supervisor, now and with the machine, or not with it if it does not start by itself.
func (a *application) launchByUnit(ctx context.Context, manager boot.Manager) (<-chan error, error) {
	atBoot := manager.Enable
	if !a.startsByItself() {
		atBoot = manager.Disable
	}
	if err := boot.Run(atBoot(a.Name())).Apply(ctx); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() {
		if err := boot.Run(manager.Start(a.Name())).Apply(ctx); err != nil {
			ended <- err
		}
	}()
	return ended, nil
}

// detach starts the supervisor as a process that goes on by itself.
func (a *application) detach() (ended <-chan error, err error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	log, err := os.OpenFile(a.SupervisorLog(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	supervisor := exec.Command(program, "run", "--name", a.Name())
	supervisor.Dir = "/"
	supervisor.Stdout, supervisor.Stderr = log, log
	supervisor.SysProcAttr = detached()
	if err := supervisor.Start(); err != nil {
		return nil, fmt.Errorf("its supervisor cannot be started: %w", err)
	}
	done := make(chan error)
	go func() {
		defer close(done)
		supervisor.Wait()
	}()
	return done, nil
}

// startPoll is how often start looks for workers that are ready.
const startPoll = 30 * time.Millisecond

// startTimeout is how long it looks: as long as the workers may take. What it is run with has been checked before.
func (a *application) startTimeout() time.Duration {
	f, err := parseConfig(a.config)
	if err != nil {
		f = &runFlags{}
	}
	if isEgg(a.config) && a.config.ListenTimeout == "" {
		return eggStartTimeout
	}
	return f.StartTimeout()
}

// awaitStart waits until all workers of an application are ready, and says why not all will be.
func (a *application) awaitStart(ctx context.Context, ended <-chan error) (status control.App, err error) {
	ctx, cancel := context.WithTimeout(ctx, a.startTimeout())
	defer cancel()
	for {
		select {
		case why := <-ended:
			return status, a.whyEnded(why)
		case <-ctx.Done():
			return status, errors.New("its workers are not ready yet; see nodecluster describe " + a.Name())
		case <-time.After(startPoll):
		}
		status, err = a.client().App(ctx)
		switch {
		case err != nil: // it does not listen yet
		case status.State == control.CrashLoop || status.State == control.Errored:
			return status, &control.Error{Code: control.CodeFailed, Message: status.Reason, Output: lastLines(status)}
		case status.Ready >= status.Instances:
			return status, nil
		}
	}
}

// lastLines are those of the first worker that has failed.
func lastLines(a control.App) []string {
	for _, w := range a.Workers {
		if len(w.Output) > 0 {
			return w.Output
		}
	}
	return nil
}

// whyEnded is why the supervisor has ended, as it has recorded it, or else what is known without. A program that has done its work is no failure.
func (a *application) whyEnded(known error) error {
	record, err := a.Load()
	switch {
	case err != nil:
		return err
	case record.LastEnd == nil && known != nil:
		return known
	case record.LastEnd == nil:
		return fmt.Errorf("its supervisor has died; %s may say why", a.SupervisorLog())
	case record.LastEnd.Error != "":
		return &control.Error{Code: control.CodeFailed, Message: record.LastEnd.Error, Output: record.LastEnd.Output}
	}
	return nil
}

// notKept are variables of a shell's session, which mean nothing to an application that outlives it.
var notKept = []string{"_", "OLDPWD", "PWD", "SHLVL", "TERM", "COLUMNS", "LINES", "WINDOWID", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "INVOCATION_ID", "JOURNAL_STREAM"}

// environment are the variables that an application has that is started now.
func environment() (kept []string) {
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if !slices.Contains(notKept, name) && !strings.HasPrefix(name, "SSH_") && !strings.HasPrefix(name, "NODE_CHANNEL_") {
			kept = append(kept, v)
		}
	}
	return kept
}
