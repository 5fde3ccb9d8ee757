package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/eventlog"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/home"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/stdio"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/utilinspect"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// outcome is what a command has done with one application.
type outcome struct {
	App    string          `json:"app"`
	Done   string          `json:"done,omitempty"`
	Result *control.Result `json:"result,omitempty"`
	Error  string          `json:"error,omitempty"`
	Output []string        `json:"output,omitempty"`
}

// changeFlags are those of all commands that change applications.
type changeFlags struct {
	json, silent bool
	files        *fileFlags // nil if the command takes no files
	starts       bool       // whether those of a file that were never started are started
}

func (f *changeFlags) addTo(flags *pflag.FlagSet) {
	flags.BoolVar(&f.json, "json", false, "print what was done as JSON, one line an application")
	flags.BoolVarP(&f.silent, "silent", "s", false, "print nothing but what has failed")
}

// output is where what was done is printed.
func (f *changeFlags) output(usual io.Writer) io.Writer {
	if f.silent {
		return io.Discard
	}
	return usual
}

// takeFiles has the command take files too, whose applications are meant then.
func (f *changeFlags) takeFiles(command *cobra.Command) {
	f.files = &fileFlags{}
	f.files.addTo(command.Flags())
	f.files.acceptEnv(command.Flags())
	command.Use = strings.Replace(command.Use, "NAMESPACE|", "NAMESPACE|FILE|", 1)
	command.ValidArgsFunction = completeStart
}

// find are the applications that words mean.
func (f *changeFlags) find(words []string) ([]*application, error) {
	if f.files == nil {
		return findApps(words)
	}
	found, err := f.files.find(words)
	switch {
	case err != nil:
		return nil, err
	case f.starts:
		return inOrder(found)
	}
	return found, allKnown(found)
}

// newChangeCommand is a command that does something with the applications that are named.
func newChangeCommand(use, short string, do func(ctx context.Context, a *application) (outcome, error)) (*cobra.Command, *changeFlags) {
	f := &changeFlags{}
	command := &cobra.Command{
		Use: use + " NAME|NAMESPACE|all...", Short: short, DisableFlagsInUseLine: true,
		Example: strings.ReplaceAll("  nodecluster USE api\n  nodecluster USE api worker\n  nodecluster USE all", "USE", use),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("say which application: a name, a namespace, or all")
			}
			return nil
		},
		ValidArgsFunction: completeNames,
		RunE: func(command *cobra.Command, names []string) error {
			if len(names) == 0 {
				names = []string{"all"}
			}
			apps, err := f.find(names)
			if err != nil {
				return asFailure(err)
			}
			return f.changeAll(f.output(command.OutOrStdout()), apps, do)
		},
	}
	f.addTo(command.Flags())
	return command, f
}

// changeAll does something with each application. An interruption leaves what has begun going on.
func (f *changeFlags) changeAll(out io.Writer, apps []*application, do func(context.Context, *application) (outcome, error)) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	failed := false
	for _, a := range apps {
		done, err := do(ctx, a)
		if ctx.Err() != nil {
			fmt.Fprintf(stdio.Err, "nodecluster: it goes on with %s; see nodecluster describe %[1]s\n", a.Name())
			return errReported
		}
		done.App = a.Name()
		if err != nil {
			failed = true
			done.fail(err)
		}
		f.print(out, done)
	}
	if failed {
		return errReported
	}
	return nil
}

// fail has an outcome say what has failed.
func (o *outcome) fail(err error) {
	o.Done, o.Error = "", eventlog.OneLine(err)
	if failed := (*control.Error)(nil); errors.As(err, &failed) {
		o.Output = failed.Output
	}
	if errors.Is(err, home.ErrNotRunning) {
		o.Error = "it does not run"
	}
}

func (f *changeFlags) print(out io.Writer, o outcome) {
	switch {
	case f.json:
		json.NewEncoder(out).Encode(o)
	case o.Error == "":
		fmt.Fprintf(out, "%s: %s\n", o.App, o.Done)
	default:
		fmt.Fprintf(stdio.Err, "nodecluster: %s: %s\n", o.App, o.Error)
		for _, line := range o.Output {
			fmt.Fprintf(stdio.Err, "  | %s\n", utilinspect.Printable(line))
		}
	}
}

// asFailure is an error that is not one of the command line, nil if there is none.
func asFailure(err error) error {
	if failed := (statusError{}); err == nil || errors.As(err, &failed) {
		return err
	}
	return statusError{statusFailed, err}
}

// newReloadCommand replaces workers new first.
func newReloadCommand() *cobra.Command {
	var r control.Reload
	var command *cobra.Command
	var f *changeFlags
	command, f = newChangeCommand("reload", "Replace the workers one after the other, so that no request is lost; if a new one fails, the old ones go on",
		func(ctx context.Context, a *application) (outcome, error) {
			if a.declared {
				return (&startFlags{always: reloads, reload: r}).startApp(ctx, f.output(command.OutOrStdout()), a)
			}
			r.Instance = a.instance
			result, err := a.client().Reload(ctx, r)
			return outcome{Done: fmt.Sprintf("reloaded %s in %v", workers(len(result.Replaced)), took(result)), Result: &result}, err
		})
	command.Flags().IntVar(&r.Parallel, "parallel", 0, "how many workers are replaced at a time after the first one (default what the application says)")
	command.Flags().StringVar(&r.Strategy, "strategy", "", "rolling or switch (default what the application says)")
	command.Flags().BoolVar(&r.Wait, "wait", false, "wait for another change that is under way, rather than fail")
	command.Example = `  nodecluster reload api
  nodecluster reload api/2
  nodecluster reload all --parallel 4
  nodecluster reload ecosystem.config.js --env-name production`
	f.takeFiles(command)
	f.starts = true
	command.Aliases = []string{"startOrReload", "startOrGracefulReload"}
	addHidden(command.Flags(), "update-env", "a", func(string) error {
		return errors.New("a reload keeps the environment: use restart --update-env, or env in a FILE, which a reload takes over")
	})
	return command
}

func newScaleCommand() *cobra.Command {
	var f changeFlags
	command := &cobra.Command{
		Use: "scale NAME N|+N|-N|max", Short: "Change the number of workers", DisableFlagsInUseLine: true,
		Example: `  nodecluster scale api 4
  nodecluster scale api +2
  nodecluster scale api max`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return errors.New("say which application and how many workers, as in scale api 4")
			}
			return nil
		},
		ValidArgsFunction: completeName("max", "+1", "-1"),
		RunE: func(command *cobra.Command, args []string) error {
			// What stands behind the number are flags, and a number below zero would be one.
			if err := command.Flags().Parse(args[2:]); err != nil {
				return err
			}
			if len(command.Flags().Args()) > 0 {
				return errors.New("say one application and one number of workers, as in scale api 4")
			}
			apps, err := findApps(args[:1])
			if err != nil {
				return asFailure(err)
			}
			return f.changeAll(f.output(command.OutOrStdout()), apps, func(ctx context.Context, a *application) (outcome, error) {
				return scale(ctx, a, args[1])
			})
		},
	}
	f.addTo(command.Flags())
	command.Flags().SetInterspersed(false)
	return command
}

func scale(ctx context.Context, a *application, to string) (outcome, error) {
	result, err := a.client().Scale(ctx, control.Scale{Instances: to})
	if err != nil {
		return outcome{}, err
	}
	return outcome{Done: fmt.Sprintf("has %s", workers(result.Instances)), Result: &result}, nil
}

// saveConfig keeps the configuration of an application.
func (a *application) saveConfig() (err error) {
	if a.record.Config, err = json.Marshal(a.config); err != nil {
		return err
	}
	return a.Save(a.record)
}

func newResetCommand() *cobra.Command {
	command, _ := newChangeCommand("reset", "Set the counters of restarts to zero", func(ctx context.Context, a *application) (outcome, error) {
		return outcome{Done: "the counters are zero"}, a.client().Reset(ctx)
	})
	return command
}

func newDrainCommand() *cobra.Command {
	var wait bool
	var timeout time.Duration
	command, _ := newChangeCommand("drain", "Have an application say that it is not ready, for load balancers, while it goes on serving",
		func(ctx context.Context, a *application) (outcome, error) {
			ctx, cancel := context.WithTimeout(ctx, timeout)
			defer cancel()
			err := a.client().Drain(ctx, control.Drain{Wait: wait})
			if errors.Is(err, context.DeadlineExceeded) {
				err = fmt.Errorf("connections are open still after %v", timeout)
			}
			return outcome{Done: "it says that it is not ready"}, err
		})
	command.Use = "drain [flags] [NAME|NAMESPACE|all...]"
	command.Args = cobra.ArbitraryArgs
	command.Flags().BoolVar(&wait, "wait", false, "wait until no connection is open")
	command.Flags().DurationVar(&timeout, "timeout", 30*time.Second, "for how long at most")
	command.Example = `  nodecluster drain api --wait --timeout 1m`
	return command
}

func took(r control.Result) time.Duration { return time.Duration(r.Took) * time.Millisecond }

func workers(n int) string { return eventlog.Plural(n, "worker", "workers") }
