package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/stdio"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/utilinspect"
	"github.com/spf13/cobra"
)

// triggerFlags are the flags of trigger.
type triggerFlags struct {
	timeout time.Duration
	json    bool
}

func newTriggerCommand() *cobra.Command {
	var f triggerFlags
	command := &cobra.Command{
		Use: "trigger [flags] NAME ACTION [PARAM]", Short: "Have an application's workers carry out an action of @pm2/io, and print what each returns",
		Example:               "  nodecluster trigger api db:clean\n  nodecluster trigger api/0 log:level debug",
		DisableFlagsInUseLine: true, ValidArgsFunction: completeTrigger,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 || len(args) > 3 {
				return errors.New("say which application and which action, as in trigger api db:clean; a parameter may follow")
			}
			if f.timeout < time.Millisecond {
				return errors.New("--timeout: use a time such as 30s")
			}
			return nil
		},
		RunE: func(command *cobra.Command, args []string) error {
			apps, err := findApps(args[:1])
			if err != nil {
				return asFailure(err)
			}
			t := control.Trigger{Action: args[1], Timeout: f.timeout.Milliseconds()}
			if len(args) == 3 {
				t.Parameter = &args[2]
			}
			return f.triggerAll(command.OutOrStdout(), apps, t)
		},
	}
	command.Flags().DurationVar(&f.timeout, "timeout", 10*time.Second, "how long answers are waited for")
	command.Flags().BoolVar(&f.json, "json", false, "print one object a line")
	return command
}

// triggerAll has the workers of each application carry out an action. It fails if one of them has not.
func (f *triggerFlags) triggerAll(out io.Writer, apps []*application, t control.Trigger) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	failed := false
	for _, a := range apps {
		t.Instance = a.instance
		done, err := a.client().Trigger(ctx, t)
		if err != nil {
			fmt.Fprintf(stdio.Err, "nodecluster: %s: %s\n", a.Name(), utilinspect.Printable(err.Error()))
			failed = true
		}
		for _, reply := range done.Replies {
			f.print(out, a.Name(), reply)
			failed = failed || reply.Error != ""
		}
	}
	if failed {
		return errReported
	}
	return nil
}

func (f *triggerFlags) print(out io.Writer, app string, reply control.Reply) {
	switch {
	case f.json:
		json.NewEncoder(out).Encode(struct {
			App string `json:"app"`
			control.Reply
		}{app, reply})
	case reply.Error != "":
		fmt.Fprintf(stdio.Err, "nodecluster: %s/%d: %s\n", app, reply.Instance, utilinspect.Printable(reply.Error))
	default:
		fmt.Fprintf(out, "%s/%d: %s\n", app, reply.Instance, utilinspect.Printable(returned(reply.Return)))
	}
}

// returned is what an action has returned: a text as it is, and anything else as JSON.
func returned(value string) string {
	var text string
	if json.Unmarshal([]byte(value), &text) == nil && value != "null" {
		return text
	}
	if value == "" {
		return "undefined"
	}
	return value
}

// completeTrigger completes an application, and one of its actions behind it.
func completeTrigger(command *cobra.Command, given []string, begun string) ([]string, cobra.ShellCompDirective) {
	switch len(given) {
	case 0:
		return completeNames(command, nil, begun)
	case 1:
		actions := actionsOf(given[0])
		return slices.DeleteFunc(actions, func(name string) bool { return !strings.HasPrefix(name, begun) }), cobra.ShellCompDirectiveNoFileComp
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}

// actionsOf are the actions that can be triggered of what is called so.
func actionsOf(name string) (actions []string) {
	apps, err := findApps([]string{name})
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), completionPatience)
	defer cancel()
	for _, status := range statuses(ctx, apps) {
		actions = append(actions, control.ActionNames(status.Workers)...)
	}
	return actions
}
