package main

import (
	"os"
	"strings"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/boot"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/eventlog"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/supervise"
)

// joinServiceManager takes what a service manager has left to this process: listening sockets, of which workers know the numbers by variables
// too, and where it hears how the application is doing. Without a manager nothing is done. The caller has to close the notifier.
func joinServiceManager(o *supervise.Options) {
	sockets := boot.Sockets()
	for _, variable := range boot.Env(sockets) {
		name, number, _ := strings.Cut(variable, "=")
		os.Setenv(name, number)
	}
	for _, s := range sockets {
		o.ListenFDs = append(o.ListenFDs, s.FD)
	}
	notifier, err := boot.NewNotifier()
	if err != nil {
		o.Log.Warn(eventlog.OneLine(err))
	}
	o.Notifier = notifier
}
