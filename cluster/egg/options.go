package egg

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
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

func (o *Options) readEnv(from OptionsFrom) (err error) {
	if o.env, err = o.all.string("env"); err != nil {
		return err
	}
	if o.env == "" && !o.release.four {
		if o.env = from.Getenv("EGG_SERVER_ENV"); o.env != "" {
			o.all.set("env", quote(o.env))
		}
	}
	o.nodeEnv = from.Getenv("NODE_ENV")
	o.production = o.env != "local" && o.env != "unittest"
	if o.env == "" {
		o.production = o.nodeEnv == "production"
	}
	return nil
}

// readHTTPS checks that the files of the certificate are there, and turns its old form into the one of by now.
func (o *Options) readHTTPS(OptionsFrom) error {
	value := o.all.values["https"]
	if !isTrue(value) {
		return nil
	}
	o.https = true
	if string(value) == "true" {
		old := &object{}
		for _, key := range []string{"key", "cert"} {
			if o.all.has(key) {
				old.set(key, o.all.values[key])
			}
		}
		value = old.text()
		o.all.set("https", value)
	}
	files, err := parseObject(value)
	if err != nil {
		return fmt.Errorf("https: give {key, cert, ca} with the paths of the files: %w", err)
	}
	for _, key := range []string{"key", "cert", "ca"} {
		if err := files.isFile(key, key != "ca", o.release.four); err != nil {
			return fmt.Errorf("https.%w", err)
		}
	}
	return nil
}

// isFile fails unless the member is the path of a file. Egg 4 also takes what is in the file, if that is no text.
func (o *object) isFile(key string, required, takesContent bool) error {
	if !isTrue(o.values[key]) {
		if required {
			return fmt.Errorf("%s: give the path of the file", key)
		}
		return nil
	}
	if takesContent && o.values[key][0] == '{' {
		return nil
	}
	path, err := o.string(key)
	if err == nil {
		if _, err = os.Stat(path); err != nil {
			err = fmt.Errorf("%s: %w", key, err)
		}
	}
	return err
}

func (o *Options) readNumbers(OptionsFrom) (err error) {
	if o.workers, err = o.all.number("workers", 1, math.MaxInt16); err != nil {
		return err
	}
	if o.workers == 0 {
		o.workers = runtime.NumCPU()
	}
	o.all.set("workers", number(o.workers))
	if o.port, err = o.all.number("port", 0, math.MaxUint16); err != nil {
		return err
	}
	if o.port == 0 && o.https && !o.all.has("port") {
		o.port = 8443
	}
	o.all.drop("port")
	if o.port != 0 {
		o.all.set("port", number(o.port))
	}
	o.debugPort, err = o.all.number("debugPort", 0, math.MaxUint16)
	return err
}

func (o *Options) readRest(from OptionsFrom) (err error) {
	if o.pidFile, err = o.all.string("pidFile"); err != nil {
		return err
	}
	o.sticky = isTrue(o.all.values["sticky"])
	if o.all.has("require") && o.all.values["require"][0] == '"' {
		o.all.set("require", append(append([]byte{'['}, o.all.values["require"]...), ']'))
	}
	if isDebugged(from.ExecArgv) {
		o.all.set("isDebug", json.RawMessage("true"))
	}
	o.debug = isTrue(o.all.values["isDebug"])
	return nil
}

// text is what agent and app workers are started with.
func (o *Options) text() json.RawMessage { return o.all.text() }

// string is the member's text, "" if it is not there.
func (o *object) string(key string) (text string, err error) {
	if !o.has(key) {
		return "", nil
	}
	if json.Unmarshal(o.values[key], &text) != nil {
		return "", fmt.Errorf("%s: %s is no text", key, o.values[key])
	}
	return text, nil
}

// number is the member's integer, which may be written as a text; 0 if it is not there, empty or false.
func (o *object) number(key string, from, to int) (int, error) {
	value := o.values[key]
	if !isTrue(value) {
		return 0, nil
	}
	text := string(value)
	if value[0] == '"' {
		text = decodeText(value)
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < from || n > to {
		return 0, fmt.Errorf("%s: %s is no number from %d to %d", key, value, from, to)
	}
	return n, nil
}

// withoutPath is an error without the path that the caller has named.
func withoutPath(err error) error {
	if of := (*fs.PathError)(nil); errors.As(err, &of) {
		return of.Err
	}
	return err
}
