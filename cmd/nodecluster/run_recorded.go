package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/config"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/eventlog"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/home"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/logs"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/options"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/supervise"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// runRecorded runs the application that was started under the name that run was given.
func runRecorded(command *cobra.Command, given *runFlags) error {
	a, err := recordedApp(command, given.name)
	if err != nil {
		return err
	}
	lock, err := a.Lock()
	if err != nil {
		return asFailure(err)
	}
	defer lock.Close()
	supervise.KeepFromWorkers()
	setEnvironment(a.record.Environment)
	events := &supervise.Events{}
	out := a.supervisorLog()
	defer out.Close()
	log := eventlog.New(out, given.logFormat, given.logLevel, events.Add)
	defer log.Close()
	o := &supervise.Options{Log: log, Events: events}
	joinServiceManager(o)
	defer o.Notifier.Close()
	err = a.begin()
	if err == nil {
		err = a.run(o)
	}
	if saveErr := a.end(err); saveErr != nil {
		log.Warn("how it ended could not be kept: " + eventlog.OneLine(saveErr))
	}
	if err == nil {
		return nil
	}
	log.Fail(err)
	return errReported
}

// recordedApp is the application of a name. No other flag may be given: what it is run with is recorded.
func recordedApp(command *cobra.Command, name string) (*application, error) {
	var extra string
	command.Flags().Visit(func(f *pflag.Flag) {
		if f.Name != "name" && f.Name != "log-format" && f.Name != "log-level" {
			extra = f.Name
		}
	})
	if extra != "" {
		return nil, fmt.Errorf("no SCRIPT to run; and --%s is not for what was started under the name %s: change that by start", extra, name)
	}
	h, err := home.Open()
	if err != nil {
		return nil, asFailure(err)
	}
	of, err := h.App(name)
	if err != nil {
		return nil, err
	}
	a, err := loadApp(of)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, statusError{statusNoSuchApp, fmt.Errorf("there is no application %s: start one, or say which SCRIPT to run", name)}
	}
	if err != nil {
		return nil, asFailure(err)
	}
	return a, nil
}

// setEnvironment has the variables be set that there were when the application was started.
func setEnvironment(variables []string) {
	for _, v := range variables {
		name, value, _ := strings.Cut(v, "=")
		os.Setenv(name, value)
	}
}

// begin records that the application runs.
func (a *application) begin() error {
	a.record.LastEnd = nil
	return a.Save(a.record)
}

// end records how the application has ended. What is wanted may have changed meanwhile.
func (a *application) end(why error) error {
	record, err := a.Load()
	if err != nil {
		return err
	}
	record.LastEnd = &home.End{At: time.Now()}
	if why != nil {
		record.LastEnd.Error, record.LastEnd.ExitStatus, record.LastEnd.Output = eventlog.OneLine(why), statusFailed, a.lastLines
	}
	return a.Save(record)
}

// run runs the application until it ends. What the options say already is how it is reported.
func (a *application) run(o *supervise.Options) error {
	f, err := parseConfig(a.config)
	if err != nil {
		return err
	}
	socket, err := a.listen()
	if err != nil {
		return err
	}
	output, err := f.log.open(logs.Text, a.Name(), a.LogFile())
	if err != nil {
		socket.Close()
		return err
	}
	o.Name, o.Namespace, o.Control, o.ControlGroup = a.Name(), namespaceOf(a), socket, a.config.ControlGroup
	o.Version, o.AppVersion = programVersion(), func() string { return supervise.VersionOf(a.config.Script) }
	o.Config, o.Compile, o.Save = a.record.Config, compileConfig, a.replaceConfig
	o.Logs, o.LogFile = output, a.LogFile()
	if isEgg(a.config) {
		return a.runEgg(f, o)
	}
	err = runPool(f, a.config.Script, a.config.Args, o)
	if err != nil && output != nil {
		a.lastLines = output.LastLines(0)
	}
	return err
}

// parseConfig are the flags that an application's configuration stands for.
func parseConfig(c config.App) (*runFlags, error) {
	if err := checkKind(c); err != nil {
		return nil, err
	}
	args, err := flagsOf(c)
	if err != nil {
		return nil, err
	}
	var f runFlags
	flags := pflag.NewFlagSet(c.Name, pflag.ContinueOnError)
	f.addTo(flags)
	if err := flags.Parse(args); err != nil {
		return nil, fmt.Errorf("the configuration of %s: %w", c.Name, err)
	}
	return &f, nil
}

// compileConfig finds out what a configuration means.
func compileConfig(text json.RawMessage) (compiled supervise.Compiled, err error) {
	var c config.App
	if err := json.Unmarshal(text, &c); err != nil {
		return compiled, err
	}
	f, err := parseConfig(c)
	if err != nil {
		return compiled, err
	}
	if err := f.Complete(); err != nil {
		return compiled, err
	}
	stdin, err := options.WorkerStdin()
	if err != nil {
		return compiled, err
	}
	f.Settings.Stdin = stdin
	return supervise.Compiled{Instances: f.Pool.Instances, Reread: f.Rereader(c.Script, c.Args)}, nil
}

// replaceConfig keeps another configuration of the application.
func (a *application) replaceConfig(text json.RawMessage) error {
	record, err := a.Load()
	if err != nil {
		return err
	}
	record.Config = text
	return a.Save(record)
}
