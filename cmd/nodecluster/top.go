package main

import (
	"context"
	"errors"
	"iter"
	"os"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/top"
	"github.com/spf13/cobra"
)

const topHelp = `Show the applications, and the workers and the log of the one that is selected, refreshed each second.

Keys select, filter and sort, reload, scale, restart and stop: ? lists them. What would interrupt an application asks first. NAME is
selected first.`

func newTopCommand() *cobra.Command {
	return &cobra.Command{
		Use: "top [NAME]", Aliases: []string{"monit", "dashboard"}, Short: "Watch the applications in the terminal, and change them by keys", Long: topHelp,
		Example: "  nodecluster top\n  nodecluster top api",
		Args:    cobra.MaximumNArgs(1), ValidArgsFunction: completeNames, DisableFlagsInUseLine: true,
		RunE: func(command *cobra.Command, args []string) error {
			o := top.Options{Input: os.Stdin, Output: os.Stdout}
			if len(args) > 0 {
				o.App = args[0]
			}
			err := top.Run(command.Context(), topSource{}, o)
			switch {
			case err == nil:
				return nil
			case errors.Is(err, top.ErrLost):
				return errReported // to write to what is gone could block
			}
			return asFailure(err)
		},
	}
}

// topSource is where top sees and changes applications.
type topSource struct{}

func (topSource) Apps(ctx context.Context) ([]control.App, error) {
	apps, err := allApps()
	if err != nil {
		return nil, err
	}
	return statuses(ctx, apps), nil
}

func (topSource) Client(name string) (*control.Client, error) {
	apps, err := findApps([]string{name})
	if err != nil {
		return nil, err
	}
	return apps[0].client(), nil
}

// Logs gives what happens to the application.
func (s topSource) Logs(ctx context.Context, name string, instance, _ int) iter.Seq2[top.Line, error] {
	return func(yield func(top.Line, error) bool) {
		client, err := s.Client(name)
		if err != nil {
			return
		}
		for event, err := range client.Events(ctx) {
			if err != nil || !yield(top.Line{Time: event.Time, Instance: -1, Text: event.Text}, nil) {
				return
			}
		}
	}
}
