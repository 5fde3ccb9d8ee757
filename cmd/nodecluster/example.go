package main

import (
	"fmt"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/config"
	"github.com/spf13/cobra"
)

// simpleExample is the file of init simple.
const simpleExample = `apps:
  - name: app
    script: server.js
    instances: max
`

func newInitCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "init [simple]",
		Aliases: []string{"ecosystem"},
		Short:   "Write a nodecluster.yaml to begin with",
		Long: "Write a nodecluster.yaml with comments into the working directory, or with simple one without. One that is there stays, and\n" +
			"the exit status is 1.",
		Example:   "  nodecluster init\n  nodecluster init simple",
		Args:      cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []string{"simple"},
		RunE: func(command *cobra.Command, args []string) error {
			text := config.Example()
			if len(args) > 0 {
				text = simpleExample
			}
			if err := writeAnew(ownFile, text); err != nil {
				return err
			}
			fmt.Fprintf(command.OutOrStdout(), "wrote %s: name the script in it, and run nodecluster start %[1]s\n", ownFile)
			return nil
		},
	}
}
