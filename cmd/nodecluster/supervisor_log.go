package main

import (
	"io"
	"os"

	"github.com/DeRuina/timberjack"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/stdio"
)

// What is kept of a supervisor's log, in MiB and files.
const (
	maxSupervisorLog     = 10
	maxOldSupervisorLogs = 2
)

// supervisorLog is where the supervisor of an application writes: standard error, but a file that start has made for it is rotated.
func (a *application) supervisorLog() io.WriteCloser {
	own, err := os.Stat(a.SupervisorLog())
	if err != nil {
		return unclosed{stdio.Err}
	}
	if here, err := os.Stderr.Stat(); err != nil || !os.SameFile(own, here) {
		return unclosed{stdio.Err}
	}
	return &timberjack.Logger{Filename: a.SupervisorLog(), MaxSize: maxSupervisorLog, MaxBackups: maxOldSupervisorLogs, FileMode: 0o600}
}

// unclosed is what stays open.
type unclosed struct{ io.Writer }

func (unclosed) Close() error { return nil }
