package main

import (
	"fmt"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/config"
	"github.com/spf13/cobra"
)

func newInitCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "init",
		Aliases: []string{"ecosystem"},
		Short:   "Write a nodecluster.yaml to begin with",
		Long:    "Write a nodecluster.yaml with comments into the working directory. One that is there stays, and the exit status is 1.",
		Example: "  nodecluster init",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := writeAnew(ownFile, config.Example()); err != nil {
				return err
			}
			fmt.Fprintf(command.OutOrStdout(), "wrote %s: name the script in it, and run nodecluster start %[1]s\n", ownFile)
			return nil
		},
	}
}
