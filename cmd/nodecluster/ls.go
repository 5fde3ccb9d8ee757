package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"
)

func newListCommand() *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use: "ls", Aliases: []string{"list", "l", "ps", "status"}, Short: "List the applications", Example: "  nodecluster ls\n  nodecluster ls --json", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			apps, err := allApps()
			if err != nil {
				return asFailure(err)
			}
			all := statuses(command.Context(), apps)
			if asJSON {
				return json.NewEncoder(command.OutOrStdout()).Encode(all)
			}
			for _, a := range all {
				fmt.Fprintln(command.OutOrStdout(), a.Name, a.State, a.Ready, a.Instances, a.Restarts, a.Reason)
			}
			return nil
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return command
}
