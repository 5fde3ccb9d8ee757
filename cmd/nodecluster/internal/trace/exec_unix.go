//go:build unix

package trace

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/interpose"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/tracing"
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
	env := where.environment(os.Environ()) // whatever environment the parent gives it
	return interpose.Become(uid, gid, program, argv, env)
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
	return interpose.ReplaceChannel(func(channel, ours int) error {
		r := report{
			PID:           os.Getpid(),
			Parent:        os.Getppid(),
			Worker:        os.Getenv("NODE_UNIQUE_ID"),
			Serialization: nodeipc.Serialization(os.Getenv("NODE_CHANNEL_SERIALIZATION_MODE")),
		}
		r.setCommand(argv)
		return tracing.Folder(where).Report(r, channel, ours)
	})
}
