package main

import (
	"errors"
	"os"

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
