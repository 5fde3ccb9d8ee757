package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kballard/go-shellquote"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/config"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/home"
	"github.com/spf13/cobra"
)

const startHelp = `Start an application, and leave it running: its supervisor is a process of its own, which goes on when the terminal
is closed. What is started is known by its name from then on, also after a reboot if startup was used.

SCRIPT is what run takes; "COMMAND ARGS" is a command line; FILE is a nodecluster.yaml, or an ecosystem file of PM2's: all
applications in it are made to be what it says, those that others depend on first, and what changes is shown. Without a word it
is the file of this folder: nodecluster.yaml, or else ecosystem.config.js. A NAME that was started before is started again if
it is stopped. What runs already as asked is left alone. If another configuration is asked for, the workers are reloaded, and
if one of the new ones fails, the old ones go on. Some settings, such as --sched, are the supervisor's: then the application is
stopped and started.

It waits until all workers are ready. Ctrl-C ends the waiting alone.

Exit status: 0 when it runs as asked, 1 when it does not, 2 when the command line is wrong, 4 when there is no such
application.`

const startExample = `  PORT=3000 nodecluster start server.js -i max --name api
  nodecluster start server.js --name api -i 2 -- --verbose
  nodecluster start "python3 -m http.server" --name files
  nodecluster start nodecluster.yaml --only api --dry-run
  nodecluster start ecosystem.config.js --env-name production
  nodecluster start api worker`

// startFlags are the flags of start.
type startFlags struct {
	runFlags
	changeFlags
	fileFlags
	dryRun, updateEnv bool
	always            replacement
	reload            control.Reload // how the workers are replaced
}

// replacement is what is done with workers that are as they are to be.
type replacement string

const (
	keeps    replacement = ""
	reloads  replacement = "reload"
	restarts replacement = "restart"
)

func newStartCommand() *cobra.Command {
	var f startFlags
	command := &cobra.Command{
		Use: `start [flags] [SCRIPT|FILE|NAME|"COMMAND"...] [-- ARGS...]`, Short: "Start an application in the background", Long: startHelp,
		Example: startExample, DisableFlagsInUseLine: true, ValidArgsFunction: completeStart,
		RunE: func(command *cobra.Command, args []string) error {
			words := args
			if dash := command.ArgsLenAtDash(); dash >= 0 {
				words, args = args[:dash], args[dash:]
			} else {
				args = nil
			}
			return f.start(command, words, args)
		},
	}
	flags := command.Flags()
	f.runFlags.addTo(flags)
	flags.SetInterspersed(true)
	f.changeFlags.addTo(flags)
	flags.BoolVar(&f.dryRun, "dry-run", false, "show what would change, and do nothing")
	flags.BoolVarP(&f.updateEnv, "update-env", "a", false, "take over the environment of now, where there was another one")
	f.fileFlags.addTo(flags)
	acceptEnvName(flags, &f.environment)
	return command
}

// start starts what words mean.
func (f *startFlags) start(command *cobra.Command, words, args []string) error {
	words, err := f.words(words)
	if err != nil {
		return err
	}
	var apps []*application
	for _, word := range words {
		some, err := f.meant(command, word, args)
		if err != nil {
			return err
		}
		apps = append(apps, some...)
	}
	if apps, err = inOrder(apps); err != nil {
		return err
	}
	out := f.output(command.OutOrStdout())
	return f.changeAll(out, apps, func(ctx context.Context, a *application) (outcome, error) { return f.startApp(ctx, out, a) })
}

// words are what is to be started: without any, the file of the working directory, if there is one.
func (f *startFlags) words(given []string) ([]string, error) {
	if len(given) == 1 || len(given) > 0 && f.name == "" {
		return given, nil
	}
	if len(given) > 0 {
		return nil, fmt.Errorf("--name %s is for one application: start them one by one", f.name)
	}
	for _, path := range append([]string{ownFile}, ecosystems...) {
		if isFile(path) {
			return []string{path}, nil
		}
	}
	return nil, errors.New("say what to start: a script, a file, or the name of an application")
}

// meant are the applications that a word means, with the configurations that they are to have.
func (f *startFlags) meant(command *cobra.Command, what string, args []string) ([]*application, error) {
	if config.IsFile(what) {
		if len(args) > 0 {
			return nil, fmt.Errorf("%s says what its applications get: write the arguments there", what)
		}
		return f.apps(what)
	}
	if err := notOfFile(f.environment); err != nil {
		return nil, err
	}
	found, err := f.started(command, what, args)
	if err != nil || len(found) > 0 {
		return found, err
	}
	c, err := scriptConfig(what, args)
	if err != nil {
		return nil, err
	}
	if err := setFromFlags(&c, command.Flags()); err != nil {
		return nil, err
	}
	c.Name = cmp.Or(c.Name, defaultName(c.Script))
	a, err := appToBe(c, "")
	if err != nil {
		return nil, err
	}
	return []*application{a}, nil
}

// started are the applications of a name that were started before, none if the word is no name.
func (f *startFlags) started(command *cobra.Command, what string, args []string) (found []*application, err error) {
	if isFile(what) || strings.ContainsRune(what, filepath.Separator) {
		return nil, nil
	}
	if found, err = findApps([]string{what}); err != nil {
		if errors.As(err, &statusError{}) {
			return nil, nil
		}
		return nil, asFailure(err)
	}
	for _, a := range found {
		if len(args) > 0 {
			a.config.Args = args
		}
		if err := setFromFlags(&a.config, command.Flags()); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func isFile(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// checkConfig says what is wrong with a configuration.
func checkConfig(c config.App) error {
	_, err := parseConfig(c)
	return err
}

// appToBe is an application that is to have a configuration, whether it is there or not.
func appToBe(c config.App, source string) (*application, error) {
	if _, err := parseConfig(c); err != nil {
		return nil, err
	}
	h, err := home.Open()
	if err != nil {
		return nil, asFailure(err)
	}
	of, err := h.App(c.Name)
	if err != nil {
		return nil, err
	}
	a, err := loadApp(of)
	if errors.Is(err, fs.ErrNotExist) {
		a, err = &application{App: of, record: home.Record{CreatedAt: time.Now()}}, nil
	}
	if err != nil {
		return nil, asFailure(err)
	}
	a.config = c
	if source != "" {
		a.record.Source = source
	}
	return a, nil
}

// scriptConfig is the configuration of a script, or of a command line.
func scriptConfig(what string, args []string) (c config.App, err error) {
	c.Script, c.Args = what, append(config.Words(nil), args...)
	if words, err := shellquote.Split(what); !isFile(what) && err == nil && len(words) > 1 {
		c.Script, c.Args = words[0], append(words[1:], args...)
	}
	if c.Cwd, err = os.Getwd(); err != nil {
		return c, asFailure(fmt.Errorf("the working directory: %w", err))
	}
	if isFile(c.Script) {
		c.Script, err = filepath.Abs(c.Script)
	} else if path, lookErr := exec.LookPath(c.Script); lookErr == nil {
		c.Script, err = filepath.Abs(path)
	} else {
		return c, statusError{statusNoSuchApp, fmt.Errorf("there is no script, no file and no application %s", what)}
	}
	return c, err
}

// defaultName is what an application is called that nobody has named.
func defaultName(script string) string {
	name := filepath.Base(script)
	if folder := filepath.Base(filepath.Dir(script)); strings.HasPrefix(name, "index.") {
		name = folder
	}
	return strings.TrimSuffix(name, filepath.Ext(name))
}

// startApp has an application run as it is to.
func (f *startFlags) startApp(ctx context.Context, out io.Writer, a *application) (outcome, error) {
	changes, err := a.changes()
	if err != nil {
		return outcome{}, err
	}
	running, err := a.Running()
	if err != nil {
		return outcome{}, err
	}
	if running && len(changes) == 0 && !f.updateEnv && f.always == keeps {
		return outcome{Done: "runs already"}, nil
	}
	for _, c := range changes {
		fmt.Fprintf(out, "%s: %s\n", a.Name(), c)
	}
	switch {
	case f.dryRun && running:
		return outcome{Done: "would be changed"}, nil
	case f.dryRun:
		return outcome{Done: "would be started"}, nil
	}
	if f.updateEnv || a.record.Environment == nil {
		a.record.Environment = environment()
	}
	if running && !f.updateEnv && f.always != restarts && !a.needsSupervisor(changes) {
		return a.reloadTo(ctx, f.reload)
	}
	if running {
		if err := a.stop(ctx); err != nil {
			return outcome{}, err
		}
	}
	return a.startAnew(ctx)
}

// changes are what is to change of what is recorded, if something is.
func (a *application) changes() ([]config.Difference, error) {
	if a.record.Config == nil {
		return nil, nil
	}
	var before config.App
	if err := json.Unmarshal(a.record.Config, &before); err != nil {
		return nil, err
	}
	return config.Diff(before, a.config), nil
}

// reloadable are the fields that a reload applies. Others are the supervisor's.
var reloadable = []string{
	"script", "args", "cwd", "node", "node_args", "env", "env_file", "instances", "uid", "gid", "stop", "stop_signal", "min_port",
	"max_message_size", "autostart", "depends_on",
}

// needsSupervisor reports whether changes are more than a reload applies. That of an Egg application applies none: its agent goes on.
func (a *application) needsSupervisor(changes []config.Difference) bool {
	return isEgg(a.config) && len(changes) > 0 || slices.ContainsFunc(changes, needsSupervisor)
}

func needsSupervisor(d config.Difference) bool {
	field, _, _ := strings.Cut(d.Field, ".")
	return !slices.Contains(reloadable, field)
}

// reloadTo has the workers be replaced by those of the new configuration.
func (a *application) reloadTo(ctx context.Context, r control.Reload) (outcome, error) {
	text, err := json.Marshal(a.config)
	if err != nil {
		return outcome{}, err
	}
	if r.Wait = true; !isEgg(a.config) {
		r.Config = text
	}
	result, err := a.client().Reload(ctx, r)
	return outcome{Done: fmt.Sprintf("reloaded %s in %v", workers(len(result.Replaced)), took(result)), Result: &result}, err
}

// startAnew records what is wanted, and starts a supervisor.
func (a *application) startAnew(ctx context.Context) (outcome, error) {
	a.record.Wanted, a.record.LastEnd = home.Running, nil
	if err := a.saveConfig(); err != nil {
		return outcome{}, err
	}
	if err := a.awaitDependencies(ctx); err != nil {
		return outcome{}, errors.Join(err, a.end(err)) // for ls to say why it is not there
	}
	supervisor, err := a.launch(ctx)
	if err != nil {
		return outcome{}, err
	}
	status, err := a.awaitStart(ctx, supervisor)
	return outcome{Done: fmt.Sprintf("online, %s", workers(status.Ready))}, err
}
