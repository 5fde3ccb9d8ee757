package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

// pm2Flags are PM2's names of flags, and ours.
var pm2Flags = map[string]string{
	"interpreter":               "node",
	"interpreter-args":          "node-args",
	"max-memory-restart":        "max-memory",
	"cron-restart":              "cron",
	"exp-backoff-restart-delay": "restart-delay",
	"kill-signal":               "stop-signal",
	"output":                    "out-file",
	"error":                     "error-file",
	"log":                       "log-file",
}

// pm2Switches are PM2's flags without a value, and a flag of ours with the value that says the same.
var pm2Switches = map[string]struct{ flag, value string }{
	"no-autorestart":        {"restart", "never"},
	"shutdown-with-message": {"stop", "message"},
	"disable-logs":          {"log-type", "none"},
}

// pm2Needless are PM2's flags that ask for what is done here in any case.
var pm2Needless = []string{
	"force", "merge-logs", "no-treekill", "no-vizion", "no-pmx", "no-automation", "disable-trace", "disable-source-map-support",
}

// pm2Refused are PM2's flags that are not there, with what to use.
var pm2Refused = map[string]string{
	"attach":             "run nodecluster logs after it",
	"no-daemon":          "use nodecluster run, which stays in the foreground",
	"no-autostart":       "write autostart: false in a file",
	"source-map-support": "use --node-args --enable-source-maps",
	"ext":                "use --watch='**/*.EXT'",
	"pid":                "use nodecluster pid NAME",
	"write":              "use nodecluster migrate, which writes a file",
	"execute-command":    "leave it out: a program that is no script is run by itself",
}

// acceptPM2Flags has flags found by PM2's names too.
func acceptPM2Flags(flags *pflag.FlagSet) {
	flags.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if ours, ok := pm2Flags[name]; ok {
			name = ours
		}
		return pflag.NormalizedName(name)
	})
}

// addPM2Flags adds PM2's flags that have no counterpart by another name. The help does not show them.
func addPM2Flags(flags *pflag.FlagSet) {
	for name, s := range pm2Switches {
		addHidden(flags, name, "", func(text string) error {
			if text != "true" {
				return errors.New("it has no value")
			}
			return flags.Set(s.flag, s.value)
		})
	}
	for _, name := range pm2Needless {
		shorthand := ""
		if name == "force" {
			shorthand = "f"
		}
		addHidden(flags, name, shorthand, func(string) error { return nil })
	}
	for name, instead := range pm2Refused {
		addHidden(flags, name, "", func(string) error { return errors.New(instead) })
	}
}

// addHidden adds a flag without a value that the help does not show.
func addHidden(flags *pflag.FlagSet, name, shorthand string, set func(string) error) {
	f := flags.VarPF(switchValue{set}, name, shorthand, "")
	f.NoOptDefVal, f.Hidden = "true", true
}

// switchValue is a flag's value that only a function takes: the flag has none on the command line.
type switchValue struct{ set func(string) error }

func (v switchValue) Set(text string) error { return v.set(text) }
func (switchValue) Type() string            { return "bool" }
func (switchValue) String() string          { return "" }

// envOrName is --env where it may be PM2's too: NAME=VALUE is a variable, and a NAME alone is that of the env_NAME of a file.
type envOrName struct {
	*recordedFlag
	name *string
}

func (e envOrName) Set(text string) error {
	if text == "" || strings.Contains(text, "=") {
		return e.recordedFlag.Set(text)
	}
	*e.name = text
	return nil
}

// acceptEnvName has --env take a NAME too.
func acceptEnvName(flags *pflag.FlagSet, name *string) {
	f := flags.Lookup("env")
	if recorded, ok := f.Value.(*recordedFlag); ok {
		f.Value = envOrName{recorded, name}
	}
}

// notOfFile says what is wrong with a NAME of env_NAME where no file is.
func notOfFile(environment string) error {
	if environment == "" {
		return nil
	}
	return fmt.Errorf("--env %s: use NAME=VALUE; a NAME alone is for a FILE, of which it takes env_%[1]s", environment)
}
