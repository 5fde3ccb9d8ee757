package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/config"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/stdio"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/utilinspect"
	"github.com/spf13/cobra"
)

const checkHelp = `Say what a file with applications means, without starting anything: nodecluster.yaml unless another one is named.

It is read as start reads it. What is wrong is shown with its line, and what of PM2's has no meaning here is named with
the reason. The values of variables are hidden.

Exit status: 0 when start can use the file, 1 when not.`

// checkFlags are those of check.
type checkFlags struct {
	json, show bool
	fileFlags
}

func newCheckCommand() *cobra.Command {
	var f checkFlags
	command := &cobra.Command{
		Use:                   "check [flags] [FILE]",
		Short:                 "Say what a file with applications means",
		Long:                  checkHelp,
		Example:               "  nodecluster check\n  nodecluster check --env-name production ecosystem.config.js",
		DisableFlagsInUseLine: true,
		Args:                  cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			path := ownFile
			if len(args) > 0 {
				path = args[0]
			}
			return f.check(command.OutOrStdout(), path)
		},
	}
	command.Flags().BoolVar(&f.json, "json", false, "print it as JSON")
	command.Flags().BoolVar(&f.show, "show", false, "show the values of variables")
	f.addTo(command.Flags())
	f.acceptEnv(command.Flags())
	return command
}

func (f *checkFlags) check(out io.Writer, path string) error {
	apps, notes, err := config.Load(path, config.LoadOptions{
		Env: f.environment, Only: f.only, Output: stdio.Err,
		Check: func(a config.App) error {
			flags, err := parseConfig(a)
			if err != nil {
				return err
			}
			return flags.Complete()
		},
	})
	if err != nil {
		return statusError{statusFailed, err}
	}
	if f.json {
		return f.printJSON(out, apps, notes)
	}
	for i, a := range apps {
		if i > 0 {
			fmt.Fprintln(out)
		}
		f.print(out, a)
	}
	if len(notes) > 0 {
		fmt.Fprintln(out)
	}
	for _, n := range notes {
		fmt.Fprintln(out, utilinspect.Printable(n.String()))
	}
	return nil
}

func (f *checkFlags) print(out io.Writer, a config.App) {
	fmt.Fprintln(out, a.Name)
	for _, s := range config.Settings(a) {
		if s.Field != "name" {
			s.IsSecret = s.IsSecret && !f.show
			fmt.Fprintf(out, "  %s\n", utilinspect.Printable(s.String()))
		}
	}
}

func (f *checkFlags) printJSON(out io.Writer, apps []config.App, notes []config.Note) error {
	if !f.show {
		for i := range apps {
			apps[i] = apps[i].Masked()
		}
	}
	if notes == nil {
		notes = []config.Note{}
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(map[string]any{"apps": apps, "notes": notes})
}

// ownFile is the file that commands read and write unless another one is named.
const ownFile = "nodecluster.yaml"

// writeAnew writes a file that nobody but its owner reads, because it may have secrets. One that is there stays.
func writeAnew(path, text string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return statusError{statusFailed, fmt.Errorf("%s is there already: remove it first", path)}
	}
	if err == nil {
		_, err = file.WriteString(text)
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		return statusError{statusFailed, err}
	}
	return nil
}
