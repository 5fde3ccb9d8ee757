package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/boot"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/home"
	"github.com/spf13/cobra"
)

func newStopCommand() *cobra.Command {
	command, f := newChangeCommand("stop", "Stop an application: its workers finish their requests; it stays known",
		func(ctx context.Context, a *application) (outcome, error) {
			done := "stopped"
			if running, err := a.Running(); err == nil && !running {
				done = "is stopped"
			}
			return outcome{Done: done}, a.stop(ctx)
		})
	f.takeFiles(command)
	return command
}

func newDeleteCommand() *cobra.Command {
	command, f := newChangeCommand("delete", "Stop an application, and forget it",
		func(ctx context.Context, a *application) (outcome, error) {
			if err := a.stop(ctx); err != nil {
				return outcome{}, err
			}
			return outcome{Done: "deleted"}, a.Remove()
		})
	command.Aliases = []string{"del", "rm"}
	f.takeFiles(command)
	return command
}

func newKillCommand() *cobra.Command {
	var f changeFlags
	command := &cobra.Command{
		Use: "kill", Short: "Stop all applications", Example: "  nodecluster kill", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			all, err := allApps()
			if err != nil {
				return asFailure(err)
			}
			return f.changeAll(f.output(command.OutOrStdout()), all, func(ctx context.Context, a *application) (outcome, error) {
				return outcome{Done: "stopped"}, a.stop(ctx)
			})
		},
	}
	f.addTo(command.Flags())
	return command
}

func newRestartCommand() *cobra.Command {
	var updateEnv bool
	var command *cobra.Command
	var f *changeFlags
	command, f = newChangeCommand("restart", "Stop all workers of an application at once, and start them again; reload loses no time",
		func(ctx context.Context, a *application) (outcome, error) {
			if a.declared {
				return (&startFlags{always: restarts, updateEnv: updateEnv}).startApp(ctx, f.output(command.OutOrStdout()), a)
			}
			return a.restart(ctx, updateEnv)
		})
	f.takeFiles(command)
	f.starts = true
	command.Aliases = []string{"startOrRestart"}
	command.Flags().BoolVarP(&updateEnv, "update-env", "a", false, "take over the environment of now")
	command.Example = `  nodecluster restart api
  nodecluster restart ecosystem.config.js --only api
  API_KEY=2 nodecluster restart api --update-env`
	return command
}

// restart restarts the workers of an application, or starts it if it is stopped.
func (a *application) restart(ctx context.Context, updateEnv bool) (outcome, error) {
	if updateEnv {
		a.record.Environment = environment()
		if err := a.stop(ctx); err != nil {
			return outcome{}, err
		}
	}
	result, err := a.client().Restart(ctx)
	if errors.Is(err, home.ErrNotRunning) {
		return a.startAnew(ctx)
	}
	return outcome{Done: fmt.Sprintf("restarted in %v", took(result)), Result: &result}, err
}

// want records what is wanted of an application.
func (a *application) want(wanted string) error {
	a.record.Wanted = wanted
	return a.Save(a.record)
}

// stopPoll is how often a supervisor is asked that does not listen yet.
const stopPoll = 10 * time.Millisecond

// stop ends an application, if it runs, waits until its supervisor has ended, and has it not start with the machine. What is wanted of one whose
// record cannot be read is not known, and is not after it either.
func (a *application) stop(ctx context.Context) error {
	if a.unread == nil {
		if err := a.want(home.Stopped); err != nil {
			return err
		}
	}
	if err := a.endSupervisor(ctx); err != nil {
		return err
	}
	if manager, ok := bootManager(); ok && !a.record.Foreground {
		if err := boot.Run(manager.Disable(a.Name())).Apply(ctx); err != nil {
			return err
		}
	}
	if a.unread != nil {
		return nil
	}
	return a.reload()
}

// endSupervisor asks the supervisor to end, if it runs, and waits for it.
func (a *application) endSupervisor(ctx context.Context) error {
	for {
		err := a.client().Stop(ctx)
		running, runningErr := a.Running()
		switch {
		case err == nil, runningErr == nil && !running:
			return a.Wait(ctx)
		case !errors.Is(err, home.ErrNotRunning):
			return err
		}
		select {
		case <-time.After(stopPoll):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// reload reads the record of the application again, which its supervisor may have changed. The configuration that it is to have stays.
func (a *application) reload() error {
	record, err := a.Load()
	if err == nil {
		record.Environment = a.record.Environment
		a.record = record
	}
	return err
}
