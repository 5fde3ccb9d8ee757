//go:build unix

package trace

import (
	"bufio"
	"errors"
	"os"
	"syscall"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/tracing"
	"golang.org/x/sys/unix"
)

// exits is a named pipe in which parents say how their children have ended: a line of JSON each, which one write puts
// there whole, even that of a process which ends right after it.
type exits struct{ pipe *os.File }

func newExits(where folder) (*exits, error) {
	path := where.path(tracing.Exits)
	if err := unix.Mkfifo(path, 0o600); err != nil {
		return nil, &os.PathError{Op: "mkfifo", Path: path, Err: err}
	}
	if err := os.Chmod(path, 0o600); err != nil { // whatever the umask is
		return nil, err
	}
	// Open for writing as well, it has no end while no parent has it open.
	pipe, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	return &exits{pipe}, nil
}

// hear tells of all exits until stop.
func (e *exits) hear(exited func(tracing.Exit), broken func(error)) {
	defer e.pipe.Close()
	lines := bufio.NewReaderSize(e.pipe, tracing.MaxExit)
	tooLong := false
	for {
		line, err := lines.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			tooLong = true
			continue
		case err == nil && tooLong:
			tooLong = false
			broken(errors.New("an exit that makes no sense: it is too long"))
			continue
		case err != nil:
			broken(err)
			return
		case len(line) == 1:
			return
		}
		x, err := tracing.ParseExit(line)
		if err != nil {
			broken(err)
			continue
		}
		exited(x)
	}
}

// stop has hear return once it has told of all exits that were written before.
func (e *exits) stop() { e.pipe.Write([]byte{'\n'}) }

// exitOf is the exit of a process that ended as a child of this one.
func exitOf(pid int, status syscall.WaitStatus) tracing.Exit {
	if status.Signaled() {
		return tracing.Exit{PID: pid, Signal: nodeipc.SignalName(status.Signal())}
	}
	return tracing.Exit{PID: pid, Code: status.ExitStatus()}
}
