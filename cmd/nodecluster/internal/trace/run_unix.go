//go:build unix

package trace

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/tracing"
)

// Status is how the program has ended.
type Status struct{ wait syscall.WaitStatus }

// Run runs the program until it and all that it has started have ended, or a signal ends the wait for the latter.
// The error is about the trace; the program's failure is in the status.
func Run(o Options) (status Status, err error) {
	path, err := exec.LookPath(o.Command[0])
	if err != nil {
		return status, StartError{err}
	}
	where, err := newFolder()
	if err != nil {
		return status, err
	}
	clean := where.remove
	defer func() { clean() }()
	s, err := listen(where, newLog(o.Out, o.format()), newSummary())
	if err != nil {
		return status, err
	}
	adopted := adopt()
	program, err := startProgram(path, o.Command, where.environment(os.Environ()), s.exited)
	if err != nil {
		s.close()
		return status, errors.Join(StartError{err}, s.log.close())
	}
	status, err = program.wait(o.Waiting)
	select {
	case <-program.left:
		clean = where.leave
		s.close()
	default:
		if adopted {
			s.end()
		}
		s.wait()
	}
	return status, errors.Join(err, o.finish(where, s))
}

// program is the running program.
type program struct {
	pid     int
	exited  func(tracing.Exit) // is told of all other processes that end as children of this one
	signals chan os.Signal
	ended   chan struct{} // the program has ended
	left    chan struct{} // what it has started is not waited for
	done    chan struct{} // all has ended
}

func startProgram(path string, command, env []string, exited func(tracing.Exit)) (*program, error) {
	p := &program{exited: exited, signals: make(chan os.Signal, 8), ended: make(chan struct{}), left: make(chan struct{}), done: make(chan struct{})}
	// Caught before there is a process that they have to be passed on to.
	for _, s := range forwarded {
		if !signal.Ignored(s) {
			signal.Notify(p.signals, s)
		}
	}
	process, err := os.StartProcess(path, command, &os.ProcAttr{Env: env, Files: []*os.File{os.Stdin, os.Stdout, os.Stderr}})
	if err != nil {
		signal.Stop(p.signals)
		return nil, err
	}
	p.pid = process.Pid
	go p.forward()
	return p, nil
}

// forwarded are the signals that are passed on to the program.
var forwarded = []os.Signal{
	syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2,
}

// forward passes signals on, but for those of a terminal, which the program gets itself. After its end they end the
// waiting for what it has left behind.
func (p *program) forward() {
	for {
		select {
		case <-p.done:
			return
		case s := <-p.signals:
			select {
			case <-p.ended:
				close(p.left)
				return
			default:
			}
			if s == syscall.SIGTERM || s == syscall.SIGUSR1 || s == syscall.SIGUSR2 || !inForeground() {
				syscall.Kill(p.pid, s.(syscall.Signal))
			}
		}
	}
}

// waitQuietly is how long what the program has left behind is waited for before the user is told of it.
const waitQuietly = time.Second

// wait waits for the program, and then for all that it has started and that is this process's own by now.
func (p *program) wait(waiting func()) (status Status, err error) {
	defer signal.Stop(p.signals)
	gone := make(chan error, 1)
	go func() { gone <- p.reap(&status.wait) }()
	ended, late := p.ended, (<-chan time.Time)(nil)
	for {
		select {
		case <-ended:
			ended, late = nil, time.After(waitQuietly)
		case <-late:
			waiting()
		case <-p.left:
			return status, nil
		case err := <-gone:
			close(p.done)
			return status, err
		}
	}
}

// reap takes the status of every process that ends until there are no more.
func (p *program) reap(of *syscall.WaitStatus) error {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case err == syscall.EINTR:
		case err == syscall.ECHILD:
			return nil
		case err != nil:
			return fmt.Errorf("cannot wait for processes: %w", err)
		case pid == p.pid:
			*of = status
			close(p.ended)
		default:
			p.exited(exitOf(pid, status))
		}
	}
}
