package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/secrets"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/utilinspect"
	"github.com/spf13/cobra"
)

// statuses are those of applications, in their order. All are asked at once.
func statuses(ctx context.Context, apps []*application) []control.App {
	all := make([]control.App, len(apps))
	var asking sync.WaitGroup
	for i, a := range apps {
		asking.Go(func() { all[i] = a.status(ctx) })
	}
	asking.Wait()
	return all
}

// newNumbersCommand prints a number of each worker of an application.
func newNumbersCommand(use, short string, number func(control.Worker) int) *cobra.Command {
	return &cobra.Command{
		Use: use + " [NAME...]", Short: short, Example: "  nodecluster " + use + " api", ValidArgsFunction: completeNames,
		RunE: func(command *cobra.Command, names []string) error {
			if len(names) == 0 {
				names = []string{"all"}
			}
			apps, err := findApps(names)
			if err != nil {
				return asFailure(err)
			}
			for _, status := range statuses(command.Context(), apps) {
				for _, w := range status.Workers {
					if w.Pid != 0 && w.Role == "" {
						fmt.Fprintln(command.OutOrStdout(), number(w))
					}
				}
			}
			return nil
		},
	}
}

func newPidCommand() *cobra.Command {
	return newNumbersCommand("pid", "Print the process ids of an application's workers", func(w control.Worker) int { return w.Pid })
}

func newIDCommand() *cobra.Command {
	return newNumbersCommand("id", "Print the instance numbers of an application's workers", func(w control.Worker) int { return w.Instance })
}

func oneApp(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return errors.New("say which application")
	}
	return nil
}

func newPingCommand() *cobra.Command {
	command := &cobra.Command{
		Use: "ping [NAME...]", Short: "Ask the supervisors whether they answer", Example: "  nodecluster ping api", ValidArgsFunction: completeNames,
		RunE: func(command *cobra.Command, names []string) error {
			if len(names) == 0 {
				names = []string{"all"}
			}
			apps, err := findApps(names)
			if err != nil {
				return asFailure(err)
			}
			var f changeFlags
			return f.changeAll(command.OutOrStdout(), apps, func(ctx context.Context, a *application) (outcome, error) {
				_, err := a.client().App(ctx)
				return outcome{Done: "pong"}, err
			})
		},
	}
	return command
}

func newSignalCommand() *cobra.Command {
	return &cobra.Command{
		Use: "signal SIGNAL NAME...", Aliases: []string{"sendSignal"}, Short: "Send a signal to an application's workers",
		Example: "  nodecluster signal USR2 api\n  nodecluster signal TERM api/0", DisableFlagsInUseLine: true,
		ValidArgsFunction: completeSignal,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return errors.New("say which signal and which application, as in signal USR2 api")
			}
			return nil
		},
		RunE: func(command *cobra.Command, args []string) error {
			apps, err := findApps(args[1:])
			if err != nil {
				return asFailure(err)
			}
			var f changeFlags
			return f.changeAll(command.OutOrStdout(), apps, func(ctx context.Context, a *application) (outcome, error) {
				return outcome{Done: "sent " + args[0]}, a.client().Signal(ctx, control.Signal{Signal: args[0], Instance: a.instance})
			})
		},
	}
}

// newEventsCommand prints what goes on.
func newEventsCommand() *cobra.Command {
	return newFollowCommand("events", "Print what happens to applications, as it happens", (*control.Client).Events)
}

// newMessagesCommand prints what PM2's users find on its bus.
func newMessagesCommand() *cobra.Command {
	return newFollowCommand("messages", "Print what applications' workers send by process.send, as they send it", (*control.Client).Messages)
}

// events are what a supervisor streams.
type events func(*control.Client, context.Context) iter.Seq2[control.Event, error]

func newFollowCommand(name, short string, of events) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use: name + " [NAME...]", Short: short,
		Example: strings.ReplaceAll("  nodecluster USE\n  nodecluster USE api --json", "USE", name), ValidArgsFunction: completeNames,
		RunE: func(command *cobra.Command, names []string) error {
			if len(names) == 0 {
				names = []string{"all"}
			}
			apps, err := findApps(names)
			if err != nil {
				return asFailure(err)
			}
			return followEvents(command.Context(), command.OutOrStdout(), apps, of, asJSON)
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print one object a line")
	return command
}

// followEvents prints the events of applications until all have ended.
func followEvents(ctx context.Context, out io.Writer, apps []*application, of events, asJSON bool) error {
	var following sync.WaitGroup
	var mu sync.Mutex
	for _, a := range apps {
		following.Go(func() {
			for event, err := range of(a.client(), ctx) {
				if err != nil {
					return
				}
				if !isOf(event, a.instance) {
					continue
				}
				mu.Lock()
				printEvent(out, a.Name(), event, asJSON)
				mu.Unlock()
			}
		})
	}
	following.Wait()
	return nil
}

// isOf reports whether an event is about an instance, or about none. All are of nil.
func isOf(e control.Event, instance *int) bool {
	about, ok := e.Attributes["instance"].(float64)
	return instance == nil || !ok || int(about) == *instance
}

func printEvent(out io.Writer, name string, e control.Event, asJSON bool) {
	if asJSON {
		e.Attributes = maps.Clone(e.Attributes)
		if e.Attributes == nil {
			e.Attributes = map[string]any{}
		}
		e.Attributes["app"] = name
		json.NewEncoder(out).Encode(e)
		return
	}
	fmt.Fprintf(out, "%s %s %s\n", e.Time.Format("15:04:05.000"), name, utilinspect.Printable(e.Text))
}

// newEnvCommand prints the environment of an application's workers.
func newEnvCommand() *cobra.Command {
	var show bool
	command := &cobra.Command{
		Use: "env NAME", Short: "Print the environment that an application's workers are started with",
		Example: "  nodecluster env api\n  nodecluster env api --show", Args: oneApp, ValidArgsFunction: completeName(),
		RunE: func(command *cobra.Command, names []string) error {
			apps, err := findApps(names)
			if err != nil {
				return asFailure(err)
			}
			for _, a := range apps {
				printEnvironment(command.OutOrStdout(), a, show)
			}
			return nil
		},
	}
	command.Flags().BoolVar(&show, "show", false, "show the values too, which may be secrets")
	return command
}

func printEnvironment(out io.Writer, a *application, show bool) {
	variables := map[string]string{}
	for _, v := range a.record.Environment {
		name, value, _ := strings.Cut(v, "=")
		variables[name] = value
	}
	for name, value := range a.config.Env {
		variables[name] = value
	}
	if !show {
		variables = secrets.MaskAll(variables)
	}
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		fmt.Fprintf(out, "%s=%s\n", name, utilinspect.Printable(variables[name]))
	}
}
