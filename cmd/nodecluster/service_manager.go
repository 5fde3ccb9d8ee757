package main

import (
	"os"
	"strings"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/boot"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/eventlog"
)

// joinServiceManager takes what a service manager has left to this process: listening sockets, of which workers know the numbers by variables,
// and where it hears how the application is doing. Without a manager nothing is done.
func joinServiceManager(log *eventlog.Log) *boot.Notifier {
	for _, variable := range boot.Env(boot.Sockets()) {
		name, number, _ := strings.Cut(variable, "=")
		os.Setenv(name, number)
	}
	notifier, err := boot.NewNotifier()
	if err != nil {
		log.Warn(eventlog.OneLine(err))
	}
	return notifier
}
