package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/stdio"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// forwarded are the signals that process 1 passes on.
var forwarded = []os.Signal{
	syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGQUIT,
}

// runAsInit does the work of a system's first process, if this is one: it starts the program once more, passes
// signals on to that, and reaps whatever ends. ok reports whether it did; status is that of the program then.
func runAsInit() (status int, ok bool) {
	if os.Getpid() != 1 {
		return 0, false
	}
	signals := make(chan os.Signal, len(forwarded))
	signal.Notify(signals, forwarded...)
	program, err := startAgain()
	if err != nil {
		fmt.Fprintf(stdio.Err, "nodecluster: as process 1: cannot start itself: %v\n", err)
		return statusFailed, true
	}
	go func() {
		for s := range signals {
			program.Signal(s)
		}
	}()
	return reapUntil(program.Pid), true
}

// startAgain starts this program as a child in a group of its own: a terminal's Ctrl-C comes by way of process 1
// alone and not twice.
func startAgain() (*os.Process, error) {
	return os.StartProcess("/proc/self/exe", os.Args, &os.ProcAttr{
		Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
		Sys:   &syscall.SysProcAttr{Setpgid: true},
	})
}

// reapUntil takes the status of every process that ends, until that of one child, which it gives as a shell does.
func reapUntil(child int) int {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			fmt.Fprintf(stdio.Err, "nodecluster: as process 1: cannot wait for processes: %v\n", err)
			return statusFailed
		case pid == child && status.Signaled():
			fmt.Fprintf(stdio.Err, "nodecluster: was ended by %s\n", nodeipc.SignalName(status.Signal()))
			return 128 + int(status.Signal())
		case pid == child:
			return status.ExitStatus()
		}
	}
}
