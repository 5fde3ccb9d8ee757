//go:build unix

package trace

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/tracing"
	"golang.org/x/sys/unix"
)

// Exec makes this process the child that a traced program wants to start: args are the trace's folder, the user and
// the group to become if any, the program as the system would find it, and the child's own arguments from argv[0]
// on. Before, the tracer gets the channel that the child would have had, and the child one to the tracer. It returns
// only where the child cannot be started. Where the tracer is gone, the child keeps its own channel.
func Exec(args []string) error {
	if len(args) < 5 {
		return errors.New(tracing.Command + " is for the use of nodecluster trace only")
	}
	where, uid, gid, program, argv := folder(args[0]), args[1], args[2], args[3], args[4:]
	if err := insert(where, argv); err != nil {
		fmt.Fprintf(os.Stderr, "nodecluster trace: pid %d is not traced: %v\n", os.Getpid(), err)
	}
	if err := become(uid, gid); err != nil {
		return err
	}
	env := where.environment(os.Environ()) // whatever environment the parent gives it
	err := syscall.Exec(program, argv, env)
	if err == syscall.ENOEXEC {
		// A script without a first line that says what runs it.
		err = syscall.Exec("/bin/sh", append([]string{"sh", program}, argv[1:]...), env)
	}
	return fmt.Errorf("cannot start %s: %w", program, err)
}

// TellExit tells the tracer of the exit of a child of this process's parent, which may not write to the pipe of exits: args are the
// trace's folder, the child's process id, its code, and the signal that has ended it if any.
func TellExit(args []string) error {
	if len(args) != 4 {
		return errors.New(tracing.ExitCommand + " is for the use of nodecluster trace only")
	}
	pid, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	code, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	return tracing.Folder(args[0]).Report(tracing.ExitReport{Exit: &tracing.Exit{PID: pid, Code: code, Signal: args[3]}})
}

// insert puts the tracer into the channel of this process.
func insert(where folder, argv []string) error {
	text := os.Getenv("NODE_CHANNEL_FD")
	channel, err := strconv.Atoi(text)
	if err != nil {
		return fmt.Errorf("NODE_CHANNEL_FD=%q is not a file descriptor", text)
	}
	r := report{
		PID:           os.Getpid(),
		Parent:        os.Getppid(),
		Worker:        os.Getenv("NODE_UNIQUE_ID"),
		Serialization: nodeipc.Serialization(os.Getenv("NODE_CHANNEL_SERIALIZATION_MODE")),
	}
	r.setCommand(argv)
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return os.NewSyscallError("socketpair", err)
	}
	unix.CloseOnExec(pair[0])
	unix.CloseOnExec(pair[1])
	if err := tracing.Folder(where).Report(r, channel, pair[0]); err != nil {
		return err
	}
	// The copy is not close-on-exec.
	return os.NewSyscallError("dup2", unix.Dup2(pair[1], channel))
}

// become changes user and group in the order that Node does.
func become(uid, gid string) error {
	if uid == "" && gid == "" {
		return nil
	}
	defer keepDeathSignal()()
	unix.Setgroups(nil) // fails where there are none to drop
	for _, change := range []struct {
		id  string
		set func(int) error
	}{{gid, syscall.Setgid}, {uid, syscall.Setuid}} {
		if change.id == "" {
			continue
		}
		id, err := strconv.Atoi(change.id)
		if err == nil {
			err = change.set(id)
		}
		if err != nil {
			return fmt.Errorf("cannot become user %q of group %q: %w", uid, gid, err)
		}
	}
	return nil
}
