package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/config"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/stdio"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/utilinspect"
	"github.com/spf13/cobra"
)

const migrateHelp = `Write a nodecluster.yaml that says what a file of PM2's says, and list what of it is not taken over, and why.

FILE is an ecosystem file of any kind, or dump.pm2, which pm2 save writes. Without it the ecosystem file of the working
directory is taken, or else what pm2 save has written.

PM2's files need not be migrated: start reads them as they are.`

func newMigrateCommand() *cobra.Command {
	output := ownFile
	command := &cobra.Command{
		Use:                   "migrate [flags] [FILE]",
		Short:                 "Write PM2's configuration as a nodecluster.yaml",
		Long:                  migrateHelp,
		Example:               "  nodecluster migrate\n  nodecluster migrate -o - ~/.pm2/dump.pm2",
		DisableFlagsInUseLine: true,
		Args:                  cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			path := ""
			if len(args) > 0 {
				path = args[0]
			}
			return migrate(command, path, output)
		},
	}
	command.Flags().StringVarP(&output, "output", "o", ownFile, "the file to write; - is standard output")
	return command
}

func migrate(command *cobra.Command, path, output string) error {
	if path == "" {
		var err error
		if path, err = findPM2sFile(); err != nil {
			return statusError{statusFailed, err}
		}
	}
	text, notes, err := config.Migrate(path, filepath.Dir(output), config.LoadOptions{Output: stdio.Err})
	if err != nil {
		return statusError{statusFailed, err}
	}
	out := command.OutOrStdout()
	if output == "-" {
		fmt.Fprint(out, text)
		return nil
	}
	if err := writeAnew(output, text); err != nil {
		return err
	}
	fmt.Fprintf(out, "wrote %s from %s\n", output, path)
	for _, n := range notes {
		fmt.Fprintln(out, utilinspect.Printable(n.String()))
	}
	return nil
}

// ecosystems are the names that PM2's users give their files.
var ecosystems = []string{
	"ecosystem.config.js", "ecosystem.config.cjs", "ecosystem.config.mjs", "ecosystem.config.ts", "ecosystem.json", "ecosystem.yaml",
	"ecosystem.yml", "pm2.config.js", "pm2.config.cjs", "pm2.json", "process.json", "process.yml",
}

// findPM2sFile is the ecosystem file of the working directory, or else what pm2 save has written.
func findPM2sFile() (string, error) {
	dump, err := config.DumpFile()
	if err != nil {
		return "", err
	}
	for _, path := range append(ecosystems, dump) {
		if isFile(path) {
			return path, nil
		}
	}
	return "", errors.New("there is no ecosystem file here, and no " + dump + ", which pm2 save writes: name the file")
}
