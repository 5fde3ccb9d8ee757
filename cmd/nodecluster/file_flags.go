package main

import (
	"path/filepath"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/config"
	"github.com/spf13/pflag"
)

// fileFlags say which applications of a file are meant.
type fileFlags struct {
	environment string
	only        []string
}

func (f *fileFlags) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&f.environment, "env-name", "", "of a FILE, the variables of env_NAME too (PM2's --env; default none)")
	flags.StringSliceVar(&f.only, "only", nil, "of a FILE, these applications alone (default all)")
}

// acceptEnv has --env mean --env-name, as in PM2, for commands that take no variables.
func (f *fileFlags) acceptEnv(flags *pflag.FlagSet) {
	flags.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "env" {
			name = "env-name"
		}
		return pflag.NormalizedName(name)
	})
}

// load are the configurations in a file. What of it is not taken over is said.
func (f *fileFlags) load(path string) ([]config.App, error) {
	configs, notes, err := config.Load(path, config.LoadOptions{Env: f.environment, Only: f.only, Check: checkConfig})
	if err != nil {
		return nil, asFailure(err)
	}
	for _, note := range notes {
		warn(note.String())
	}
	return configs, nil
}

// apps are the applications of a file, as they are to be, whether they are there or not.
func (f *fileFlags) apps(path string) (apps []*application, err error) {
	configs, err := f.load(path)
	if err != nil {
		return nil, err
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, asFailure(err)
	}
	for _, c := range configs {
		a, err := appToBe(c, absolute)
		if err != nil {
			return nil, asFailure(err)
		}
		a.declared = true
		apps = append(apps, a)
	}
	return apps, nil
}

// find are the applications that words mean: names, as findApps takes them, and files.
func (f *fileFlags) find(words []string) (found []*application, err error) {
	var names []string
	for _, word := range words {
		if !config.IsFile(word) {
			names = append(names, word)
			continue
		}
		some, err := f.apps(word)
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	named, err := findApps(names)
	return append(named, found...), err
}

// isKnown reports whether the application was started before. One of a file need not have been.
func (a *application) isKnown() bool { return a.unread != nil || a.record.Config != nil }

// allKnown says which application of a file was never started.
func allKnown(apps []*application) error {
	for _, a := range apps {
		if !a.isKnown() {
			return noSuchApp(a.Name())
		}
	}
	return nil
}
