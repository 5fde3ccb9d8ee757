package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print what was built: version, commit, Go, platform",
		Example: "  nodecluster version",
		Args:    cobra.NoArgs,
		Run: func(command *cobra.Command, _ []string) {
			info, ok := debug.ReadBuildInfo()
			if !ok {
				info = &debug.BuildInfo{}
			}
			fmt.Fprint(command.OutOrStdout(), version(info))
		},
	}
}

// programVersion is the version of this program.
func programVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

// version tells what a report of a bug needs to know of the program, one fact a line.
func version(info *debug.BuildInfo) string {
	number := info.Main.Version
	if number == "" {
		number = "(devel)"
	}
	return fmt.Sprintf("nodecluster %s\ncommit:   %s\ngo:       %s\nplatform: %s/%s\n",
		number, commit(info), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// commit names the commit of the sources. Go records it in a clone, unless -buildvcs=false forbids it, and not for a
// module that it has downloaded.
func commit(info *debug.BuildInfo) string {
	settings := make(map[string]string, len(info.Settings))
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	revision := settings["vcs.revision"]
	switch {
	case revision == "":
		return "not recorded in this build"
	case settings["vcs.modified"] == "true":
		return revision + " (modified)"
	}
	return revision
}
