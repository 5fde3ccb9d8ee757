//go:build unix

package measure

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Patience is how long a program may take until it serves, and EndPatience until it has ended.
const (
	Patience    = 30 * time.Second
	EndPatience = 10 * time.Second
)

// maxLog is how much is read of what a program has printed.
const maxLog = 1 << 20

// pause is how long to wait between two looks.
const pause = 10 * time.Millisecond

// Program is a running program, in a process group with all that it starts.
type Program struct {
	cmd    *exec.Cmd
	log    *os.File // what it and all that it starts write to standard error; without a name
	exited chan struct{}
}

// Start runs a command with more variables in its environment. The context's end kills it.
func Start(ctx context.Context, command []string, env ...string) (*Program, error) {
	log, err := unnamedFile()
	if err != nil {
		return nil, err
	}
	p := &Program{cmd: exec.CommandContext(ctx, command[0], command[1:]...), log: log, exited: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stderr = log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.Cancel = func() error { return p.signalGroup(syscall.SIGKILL) }
	if err := p.cmd.Start(); err != nil {
		log.Close()
		return nil, err
	}
	go func() {
		defer close(p.exited)
		p.cmd.Wait()
	}()
	return p, nil
}

func unnamedFile() (*os.File, error) {
	file, err := os.CreateTemp("", "log")
	if err != nil {
		return nil, err
	}
	return file, os.Remove(file.Name())
}

// PID is the program's process.
func (p *Program) PID() int { return p.cmd.Process.Pid }

// Running reports whether the program runs: if not, the error says why it has ended.
func (p *Program) Running() error {
	select {
	case <-p.exited:
		log, err := io.ReadAll(io.NewSectionReader(p.log, 0, maxLog))
		if err != nil {
			return err
		}
		return fmt.Errorf("it has ended with %v: %s", p.cmd.ProcessState, telling(string(log)))
	default:
		return nil
	}
}

// Await waits until there is what the program is started for.
func (p *Program) Await(what string, there func() bool) error {
	return Await(what, there, p.Running)
}

// AwaitPort waits until something listens on an address.
func (p *Program) AwaitPort(address string) error {
	return p.Await("server on "+address, func() bool {
		conn, err := net.Dial("tcp", address)
		return err == nil && conn.Close() == nil
	})
}

// Log is what the program and all that it starts have written to standard error so far.
func (p *Program) Log() io.ReaderAt { return p.log }

// Signal sends the program a signal, and none to what it has started.
func (p *Program) Signal(s os.Signal) error { return p.cmd.Process.Signal(s) }

// Await waits until there is something, as long as goesOn has no error.
func Await(what string, there func() bool, goesOn func() error) error {
	return AwaitFor(Patience, what, there, goesOn)
}

// AwaitFor is Await with a patience of its own.
func AwaitFor(patience time.Duration, what string, there func() bool, goesOn func() error) error {
	for over := time.Now().Add(patience); time.Now().Before(over); time.Sleep(pause) {
		if err := goesOn(); err != nil {
			return err
		}
		if there() {
			return nil
		}
	}
	return fmt.Errorf("there is no %s after %v", what, patience)
}

// End asks the program to end, and kills it when it has not, and what it has left behind. It is called once.
func (p *Program) End() {
	defer p.log.Close()
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(EndPatience):
	}
	if err := p.signalGroup(syscall.SIGKILL); err != nil {
		fmt.Fprintf(os.Stderr, "cannot kill process group %d: %v\n", p.PID(), err)
	}
	<-p.exited
}

func (p *Program) signalGroup(s syscall.Signal) error {
	if err := syscall.Kill(-p.PID(), s); !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}
