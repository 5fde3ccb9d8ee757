package main

import (
	"context"
	"errors"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/home"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/logs"
	"github.com/spf13/cobra"
)

func newFlushCommand() *cobra.Command {
	command, _ := newChangeCommand("flush", "Empty the logs", func(ctx context.Context, a *application) (outcome, error) {
		return outcome{Done: "the log is empty"}, a.flush(ctx)
	})
	command.Use, command.Args = "flush [NAME|NAMESPACE|all...]", cobra.ArbitraryArgs
	return command
}

func newReloadLogsCommand() *cobra.Command {
	command, _ := newChangeCommand("reloadLogs", "Open the log files anew, after another program has moved them",
		func(ctx context.Context, a *application) (outcome, error) {
			return outcome{Done: "the log is opened anew"}, a.client().ReopenLogs(ctx)
		})
	command.Use, command.Args = "reloadLogs [NAME|NAMESPACE|all...]", cobra.ArbitraryArgs
	return command
}

// flush empties the log of an application, which need not run.
func (a *application) flush(ctx context.Context) error {
	if err := a.client().FlushLogs(ctx); !errors.Is(err, home.ErrNotRunning) {
		return err
	}
	lock, err := a.Lock() // so that it is not started meanwhile
	if err != nil {
		return err
	}
	defer lock.Close()
	f, err := parseConfig(a.config)
	if err != nil {
		return err
	}
	log, err := f.log.open(logs.Text, a.Name(), a.LogFile())
	if err != nil || log == nil {
		return err
	}
	return errors.Join(log.Flush(), log.Close())
}
