package main

import (
	"fmt"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/config"
)

// runFile runs the application of a file in the foreground. What the flags say wins over the file; they may stand behind it.
func (f *runFlags) runFile(files *fileFlags, path string, behind []string) error {
	if err := f.flags.Parse(behind); err != nil {
		return err
	}
	if f.flags.NArg() > 0 {
		return fmt.Errorf("%s says what its application gets: write the arguments there", path)
	}
	configs, err := files.load(path)
	if err != nil {
		return err
	}
	c, err := only(configs, path)
	if err != nil {
		return err
	}
	if err := setFromFlags(&c, f.flags); err != nil {
		return err
	}
	if isEgg(c) {
		return statusError{statusFailed, fmt.Errorf("%s is an application of Egg's: use start, or nodecluster egg %s", c.Name, c.Script)}
	}
	of, err := parseConfig(c)
	if err != nil {
		return err
	}
	of.name, of.logFormat, of.logLevel = c.Name, f.logFormat, f.logLevel
	return run(of, c.Script, c.Args)
}

// only is the one application of a file.
func only(configs []config.App, path string) (config.App, error) {
	if len(configs) != 1 {
		return config.App{}, fmt.Errorf("%s has %d applications: say with --only which one to run, or use start, which starts all", path, len(configs))
	}
	return configs[0], nil
}
