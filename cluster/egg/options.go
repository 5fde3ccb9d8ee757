package egg

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Options are those of startCluster, which the master, the agent and the app workers share. [ParseOptions] makes them.
type Options struct {
	all *object // what agent and app workers get

	release   release
	framework manifest

	baseDir    string
	workers    int
	port       int // 0 where the application's configuration says it
	https      bool
	sticky     bool
	env        string
	nodeEnv    string
	production bool
	debug      bool
	debugPort  int
	pidFile    string
}

// OptionsFrom is what options are read with, beside their text. The zero value is for a program that was started without more.
type OptionsFrom struct {
	// Dir is the baseDir of options that have none; the working directory by default.
	Dir string
	// ExecArgv are the arguments of node before its script, as --inspect, which agent and app workers get too.
	ExecArgv []string
	// Modules has Egg 4's workers be the ES modules, as where its master is one.
	Modules bool
	// Package is the folder of the package egg-cluster or @eggjs/cluster whose workers are run; that which the framework uses by default.
	Package string
	// Getenv reads the environment: EGG_SERVER_ENV and NODE_ENV. nil is os.Getenv.
	Getenv func(string) string
}

// ParseOptions reads the options of startCluster, a JSON object, and completes them as the master of that release of Egg does: with its defaults,
// the folder of the framework, and the ports that it chooses. What it does not know is passed on to agent and app workers as it is. An error is one
// line that names the key.
func ParseOptions(text []byte, from OptionsFrom) (*Options, error) {
	given, err := parseObject(text)
	if err != nil {
		return nil, fmt.Errorf("egg: the options: %w", err)
	}
	if from.Getenv == nil {
		from.Getenv = os.Getenv
	}
	o := &Options{}
	if err := o.read(given, from); err != nil {
		return nil, fmt.Errorf("egg: %w", err)
	}
	return o, nil
}

func (o *Options) read(given *object, from OptionsFrom) error {
	if err := refuseThreads(given); err != nil {
		return err
	}
	if err := o.find(given, from); err != nil {
		return err
	}
	o.all = withDefaults(given, o.release.four, from)
	o.all.set("baseDir", quote(o.baseDir))
	for _, step := range []func(OptionsFrom) error{o.readEnv, o.readHTTPS, o.readNumbers, o.readRest, o.choosePorts} {
		if err := step(from); err != nil {
			return err
		}
	}
	return nil
}

// refuseThreads fails for the mode in which the workers are threads of the master, which Go has none of.
func refuseThreads(given *object) error {
	mode, err := given.string("startMode")
	switch {
	case err != nil:
		return err
	case mode == "worker_threads":
		return errors.New("startMode: worker_threads needs Node's own master, whose threads the workers are; leave startMode out, or start the application with node")
	case mode != "" && mode != "process":
		return fmt.Errorf("startMode: %q is not known; it is process", mode)
	}
	return nil
}

// find looks for the application, its framework, and the release of Egg that this uses.
func (o *Options) find(given *object, from OptionsFrom) (err error) {
	if o.baseDir, err = given.string("baseDir"); err != nil {
		return err
	}
	if o.baseDir == "" {
		o.baseDir = from.Dir
	}
	if o.baseDir, err = filepath.Abs(o.baseDir); err != nil {
		return fmt.Errorf("baseDir: %w", err)
	}
	named, err := given.string("framework")
	if err != nil {
		return err
	}
	if named == "" {
		if named, err = given.string("customEgg"); err != nil {
			return err
		}
	}
	framework, err := findFramework(o.baseDir, named)
	if err != nil {
		return err
	}
	given.set("framework", quote(framework))
	if o.framework, err = readManifest(framework); err != nil {
		return fmt.Errorf("framework: %w", err)
	}
	if from.Package != "" {
		o.release, err = releaseIn(from.Package, from.Modules)
	} else {
		o.release, err = findRelease(framework, from.Modules)
	}
	return err
}

// withDefaults is what was given on top of the release's defaults, in the order that the release writes them in.
func withDefaults(given *object, four bool, from OptionsFrom) *object {
	all := &object{}
	defaults := []string{"framework", "baseDir", "port", "reusePort", "workers", "plugins", "https", "startMode", "ports", "env"}
	values := map[string]string{"reusePort": "false", "plugins": "null", "https": "false", "startMode": `"process"`, "ports": "[]", "env": "null"}
	if four {
		defaults = []string{"baseDir", "port", "startMode", "env"}
		values = map[string]string{"startMode": `"process"`}
		if env := from.Getenv("EGG_SERVER_ENV"); env != "" {
			values["env"] = string(quote(env))
		}
	}
	for _, key := range defaults {
		switch value, ok := values[key]; {
		case given.has(key) || four && given.values[key] != nil:
			all.set(key, given.values[key])
		case ok:
			all.set(key, json.RawMessage(value))
		default:
			all.keys = append(all.keys, key) // the place where it is put if it is found out
		}
	}
	for _, key := range given.keys {
		if four || given.has(key) {
			all.set(key, given.values[key])
		}
	}
	return all
}

// text is what agent and app workers are started with.
func (o *Options) text() json.RawMessage { return o.all.text() }

// withoutPath is an error without the path that the caller has named.
func withoutPath(err error) error {
	if of := (*fs.PathError)(nil); errors.As(err, &of) {
		return of.Err
	}
	return err
}
