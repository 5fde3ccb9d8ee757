//go:build unix

package top

import (
	"errors"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// needsTERM reports whether every terminal has a name.
const needsTERM = true

// foregroundPoll is how often it is looked whether the terminal is given back: no signal tells a process that runs.
const foregroundPoll = 100 * time.Millisecond

var errNoJobControl = errors.New("no shell is there to go on with: q quits")

// suspend has the shell take the terminal, and returns when it gives it back. The program's own goroutine has to call it. Where the program is
// to end meanwhile, that goroutine ends without touching the terminal, which is another program's.
func (p *program) suspend(terminal *os.File) error {
	session, err := unix.Getsid(0)
	if err != nil || session == unix.Getpgrp() || signal.Ignored(syscall.SIGTSTP) {
		return errNoJobControl // nothing would stop, and nobody continue it
	}
	continued := make(chan os.Signal, 1)
	signal.Notify(continued, syscall.SIGCONT)
	defer signal.Stop(continued)
	if err := p.ReleaseTerminal(); err != nil {
		return err
	}
	if err := syscall.Kill(0, syscall.SIGTSTP); err != nil {
		return errors.Join(err, p.RestoreTerminal())
	}
	select {
	case <-continued:
	case <-p.ctx.Done():
	}
	for p.ctx.Err() == nil && !inForeground(terminal) {
		select {
		case <-time.After(foregroundPoll):
		case <-p.ctx.Done():
		}
	}
	if p.ctx.Err() != nil {
		runtime.Goexit()
	}
	return p.RestoreTerminal()
}

// inForeground reports whether a terminal is this process's. One that is gone is too: to use it tells of that.
func inForeground(terminal *os.File) bool {
	group, err := unix.IoctlGetInt(int(terminal.Fd()), unix.TIOCGPGRP)
	return err != nil || group == unix.Getpgrp()
}
