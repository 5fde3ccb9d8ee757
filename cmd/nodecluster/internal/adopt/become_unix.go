//go:build unix

package adopt

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"syscall"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/interpose"
	"golang.org/x/sys/unix"
)

// Become makes this process the worker that a JavaScript primary wants to start: args are those of WorkerCommand. Before, the engine
// gets the channel that the worker would have had, and the worker one to the engine. It returns only where the worker cannot be started.
// Where the engine is gone the worker keeps its own channel, unless it is strict.
func Become(args []string) error {
	if len(args) < 7 {
		return errors.New(WorkerCommand + " is for the use of nodecluster exec only")
	}
	engine, err := strconv.Atoi(args[0])
	if err != nil {
		return fmt.Errorf("the engine's descriptor: %w", err)
	}
	unix.CloseOnExec(engine)
	r := report{PID: os.Getpid(), Serialization: os.Getenv("NODE_CHANNEL_SERIALIZATION_MODE")}
	if r.NodeVersion, err = strconv.Atoi(args[2]); err != nil {
		return fmt.Errorf("the version of Node: %w", err)
	}
	err = interpose.ReplaceChannel(func(channel, ours int) error { return introduce(engine, r, channel, ours) })
	if err != nil && args[1] == "strict" {
		return fmt.Errorf("the engine has not taken the worker: %w", err)
	}
	return interpose.Become(args[3], args[4], args[5], args[6:], syscall.Environ())
}

// introduce hands this process's channel to the engine, and waits until that has it.
func introduce(engine int, r report, channel, ours int) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	taken, done, err := os.Pipe()
	if err != nil {
		return err
	}
	defer taken.Close()
	rights := unix.UnixRights(channel, ours, int(done.Fd()))
	for {
		err = unix.Sendmsg(engine, append(line, '\n'), rights, nil, 0)
		if err != unix.EINTR && err != unix.EAGAIN {
			break
		}
		awaitRoom(engine)
	}
	done.Close()
	if err != nil {
		return os.NewSyscallError("sendmsg", err)
	}
	if _, err := io.ReadFull(taken, make([]byte, 1)); err != nil {
		return errors.New("it has ended, or has no descriptors left")
	}
	return nil
}

// awaitRoom waits until a descriptor can be written: the primary's end of the engine's socket does not block, and neither do its copies.
func awaitRoom(fd int) { unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, -1) }
