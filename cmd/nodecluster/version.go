package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		Run: func(command *cobra.Command, _ []string) {
			info, ok := debug.ReadBuildInfo()
			if !ok {
				info = &debug.BuildInfo{}
			}
			fmt.Fprintln(command.OutOrStdout(), version(info))
		},
	}
}

// version is the line that says what was built, of which sources and for what.
func version(info *debug.BuildInfo) string {
	number := info.Main.Version
	if number == "" {
		number = "(devel)"
	}
	var revision string
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			revision = "revision " + s.Value + ", "
		}
	}
	return fmt.Sprintf("nodecluster %s (%s%s %s/%s)", number, revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
