//go:build unix

package interpose

import (
	"fmt"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// ReplaceChannel gives the child a channel of which this process keeps the other end: it makes a socket pair, and calls take with the
// channel that the child was to have and with this process's end of the new one, which take may pass on. Both stay this process's. When take
// returns nil, the child's end takes the channel's place; with an error the child keeps its channel.
func ReplaceChannel(take func(channel, ours int) error) error {
	text := os.Getenv("NODE_CHANNEL_FD")
	channel, err := strconv.Atoi(text)
	if err != nil {
		return fmt.Errorf("NODE_CHANNEL_FD=%q is not a file descriptor", text)
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return os.NewSyscallError("socketpair", err)
	}
	unix.CloseOnExec(pair[0])
	unix.CloseOnExec(pair[1])
	if err := take(channel, pair[0]); err != nil {
		return err
	}
	// The copy is not close-on-exec.
	return os.NewSyscallError("dup2", unix.Dup2(pair[1], channel))
}

// Become makes this process the child: another user and group, unless they are "", and program with the arguments argv from argv[0] on.
// It returns only where that cannot be. The goroutine must be locked to the process's first thread from its init on, for the signal that
// the parent's end brings.
func Become(uid, gid, program string, argv, env []string) error {
	if err := setIDs(uid, gid); err != nil {
		return err
	}
	err := syscall.Exec(program, argv, env)
	if err == syscall.ENOEXEC {
		// A script without a first line that says what runs it.
		err = syscall.Exec("/bin/sh", append([]string{"sh", program}, argv[1:]...), env)
	}
	return fmt.Errorf("cannot start %s: %w", program, err)
}

// setIDs changes user and group in the order that Node does.
func setIDs(uid, gid string) error {
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
