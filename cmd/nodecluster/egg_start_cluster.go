package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/nodecluster/nodecluster/cluster/egg"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/eventlog"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/stdio"
)

// startCluster is a command line of Egg's own master: node's arguments, the script that starts it, and the options.
type startCluster struct {
	execArgv []string
	script   string
	options  string
}

// asStartCluster reports whether a command line is one of Egg's master. The options are JSON, which no command's argument begins as.
func asStartCluster(args []string) (s startCluster, ok bool) {
	for i := range args {
		if i+1 < len(args) && strings.HasPrefix(filepath.Base(args[i]), "start-cluster") && strings.HasPrefix(args[i+1], "{") {
			return startCluster{args[:i], args[i], args[i+1]}, i == 0 || strings.HasPrefix(args[0], "-")
		}
	}
	return s, false
}

// run is the program as Egg's master, until that has ended.
func (s startCluster) run() (status int) {
	f := eggMasterFlags{}
	err := f.readVariable()
	if err == nil {
		f.execArgv = s.execArgv
		err = f.runMaster([]byte(s.options), egg.OptionsFrom{Modules: filepath.Ext(s.script) == ".mjs"})
	}
	switch {
	case err == nil:
		return 0
	case !errors.Is(err, errReported):
		fmt.Fprintf(stdio.Err, "nodecluster: %s\n", eventlog.OneLine(err))
	}
	return statusFailed
}
