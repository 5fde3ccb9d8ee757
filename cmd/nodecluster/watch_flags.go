package main

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/options"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/watch"
	"github.com/spf13/pflag"
)

// watchFlags say which files have workers be reloaded when they change.
type watchFlags struct {
	paths, ignored []string
	delay          time.Duration
}

func (f *watchFlags) addTo(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.paths, "watch", nil, "reload when files change: in the working directory of the workers, or with --watch=PATH\nin a folder, a file, or what a pattern such as src/**/*.js has; may be repeated\n(default none)")
	flags.Lookup("watch").NoOptDefVal = "."
	flags.StringArrayVar(&f.ignored, "ignore-watch", nil, "a name or a pattern of paths that is not watched, beside node_modules, .git, *.log and what\neditors leave; may be repeated (default none)")
	flags.Var(options.Value{Kind: "DURATION", To: f.setDelay}, "watch-delay", "how long a change waits for more (default 200ms)")
}

func (f *watchFlags) setDelay(text string) (err error) {
	if f.delay, err = time.ParseDuration(text); err != nil || f.delay < 0 {
		return errors.New("use a duration such as 500ms, 10s or 2m")
	}
	f.delay = max(f.delay, time.Millisecond)
	return nil
}

// begin begins to watch, from the working directory of the workers, but not the files that are written. It gives nil if nothing is to be
// watched.
func (f *watchFlags) begin(cwd string, written ...string) (*watch.Watcher, error) {
	if len(f.paths) == 0 {
		return nil, nil
	}
	folder, err := filepath.Abs(cmp.Or(cwd, "."))
	if err != nil {
		return nil, fmt.Errorf("--watch: the working directory: %w", err)
	}
	w, err := watch.New(watch.Options{Folder: folder, Paths: f.paths, Ignore: f.ignored, Written: written, Delay: f.delay})
	if err != nil {
		return nil, fmt.Errorf("--watch: %w", err)
	}
	return w, nil
}
