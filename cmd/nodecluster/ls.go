package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"os/user"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/stdio"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/table"
	"github.com/spf13/cobra"
)

// listFlags are those of ls.
type listFlags struct {
	json, all, watch, mini bool
	sort                   string
}

func newListCommand() *cobra.Command {
	var f listFlags
	command := &cobra.Command{
		Use: "ls [NAME|NAMESPACE...]", Aliases: []string{"list", "l", "ps", "status"}, Short: "List the applications",
		Example: "  nodecluster ls\n  nodecluster ls shop --all\n  nodecluster ls --sort mem:desc\n  nodecluster ls --json", ValidArgsFunction: completeNames,
		RunE: func(command *cobra.Command, names []string) error { return f.list(names) },
	}
	command.Flags().BoolVarP(&f.all, "all", "a", false, "list the workers of each too")
	command.Flags().BoolVar(&f.watch, "watch", false, "list them again each second, until Ctrl-C")
	command.Flags().StringVar(&f.sort, "sort", "name", "by what they are sorted, with :desc behind it from the most on: a column, or a name of PM2's\nsuch as memory")
	command.Flags().BoolVarP(&f.mini, "mini-list", "m", false, "print the most important columns alone")
	command.Flags().BoolVar(&f.json, "json", false, "print JSON")
	return command
}

// list lists the applications with these names, or all.
func (f *listFlags) list(names []string) error {
	if !f.watch {
		return f.print(context.Background(), names)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	for {
		if !f.json && stdio.IsTerminal(os.Stdout) {
			fmt.Print(clearScreen)
		}
		if err := f.print(ctx, names); err != nil {
			return err
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return nil
		}
	}
}

// clearScreen has a terminal be empty, and write from the top.
const clearScreen = "\x1b[H\x1b[2J"

func (f *listFlags) print(ctx context.Context, names []string) error {
	all, err := statusesOf(ctx, names)
	if err != nil {
		return err
	}
	if err := table.Sort(all, f.sort); err != nil {
		return fmt.Errorf("--sort: %w", err)
	}
	if f.json {
		return json.NewEncoder(os.Stdout).Encode(all)
	}
	o := table.OptionsFor(os.Stdout)
	o.All, o.Mini = f.all, f.mini
	return table.List(os.Stdout, all, o)
}

// statusesOf are those of the applications with these names, or of all.
func statusesOf(ctx context.Context, names []string) ([]control.App, error) {
	if len(names) == 0 {
		names = []string{"all"}
	}
	apps, err := findApps(names)
	if err != nil {
		return nil, asFailure(err)
	}
	return statuses(ctx, apps), nil
}

func newDescribeCommand() *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use: "describe NAME...", Aliases: []string{"desc", "info", "show"}, Short: "Show all that is known of an application",
		Example: "  nodecluster describe api\n  nodecluster describe api --json",
		Args:    cobra.MinimumNArgs(1), ValidArgsFunction: completeNames,
		RunE: func(command *cobra.Command, names []string) error {
			all, err := statusesOf(command.Context(), names)
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(os.Stdout).Encode(all)
			}
			for _, a := range all {
				if err := table.Describe(os.Stdout, a, table.OptionsFor(os.Stdout)); err != nil {
					return err
				}
			}
			return nil
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return command
}

// userName is the user of this process, "" if it has no name.
func userName() string {
	who, err := user.Current()
	if err != nil {
		return ""
	}
	return who.Username
}

func newJlistCommand() *cobra.Command {
	return &cobra.Command{
		Use: "jlist", Aliases: []string{"prettylist"}, Short: "Print all workers as JSON, in the shape of pm2 jlist", Example: "  nodecluster jlist\n  nodecluster prettylist",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			all, err := statusesOf(command.Context(), nil)
			if err != nil {
				return err
			}
			return table.Jlist(os.Stdout, all, userName(), command.CalledAs() == "prettylist")
		},
	}
}
