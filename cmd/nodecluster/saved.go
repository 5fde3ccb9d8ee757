package main

import (
	"context"
	"fmt"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/home"
	"github.com/spf13/cobra"
)

func newSaveCommand() *cobra.Command {
	return &cobra.Command{
		Use: "save", Aliases: []string{"dump"}, Short: "Do nothing: what is started is kept without it", Example: "  nodecluster save", Args: cobra.ArbitraryArgs,
		Run: func(command *cobra.Command, _ []string) {
			fmt.Fprintln(command.OutOrStdout(), "nothing to do: what is started is kept at once")
		},
	}
}

func newClearDumpCommand() *cobra.Command {
	return &cobra.Command{
		Use: "cleardump", Short: "Do nothing: delete forgets what was started", Example: "  nodecluster cleardump", Args: cobra.NoArgs, Hidden: true,
		Run: func(command *cobra.Command, _ []string) {
			fmt.Fprintln(command.OutOrStdout(), "nothing to do: there is no dump; nodecluster delete NAME forgets an application")
		},
	}
}

// isMissing reports whether an application is wanted that does not run.
func (a *application) isMissing() bool {
	running, err := a.Running()
	return err == nil && !running && a.record.Wanted == home.Running && !a.record.Foreground
}

func newResurrectCommand() *cobra.Command {
	var f changeFlags
	command := &cobra.Command{
		Use: "resurrect", Short: "Start all applications again that were not stopped, as after a reboot, but for those with autostart: false",
		Example: "  nodecluster resurrect", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			all, err := allApps()
			if err != nil {
				return asFailure(err)
			}
			var wanted []*application
			for _, a := range all {
				if a.isMissing() && a.startsByItself() {
					wanted = append(wanted, a)
				}
			}
			if wanted, err = inOrder(wanted); err != nil {
				return err
			}
			return f.changeAll(command.OutOrStdout(), wanted, func(ctx context.Context, a *application) (outcome, error) { return a.startAnew(ctx) })
		},
	}
	command.Flags().BoolVar(&f.json, "json", false, "print what was done as JSON, one line an application")
	return command
}

// startsByItself reports whether the application is started with the machine.
func (a *application) startsByItself() bool { return a.config.Autostart == nil || *a.config.Autostart }
