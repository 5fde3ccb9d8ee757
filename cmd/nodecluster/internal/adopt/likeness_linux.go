//go:build !portable

package adopt

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/nodecluster/nodecluster/cluster"
	"golang.org/x/sys/unix"
)

// likeness has this process open sockets as the JavaScript primary would now: as its user, from its working directory, with its umask.
type likeness struct {
	parent int
	ids    string // the primary's, which this process has taken over
}

func newLikeness(parent int) *likeness { return &likeness{parent: parent} }

// assume is called on the engine's loop before a socket is opened. Its error leaves that to the primary.
func (l *likeness) assume(at cluster.Address) error {
	status, err := readStatus(l.parent)
	if err != nil {
		return err
	}
	if err := l.assumeIDs(status); err != nil {
		return err
	}
	if at.Network() != "unix" {
		return nil
	}
	umask, err := strconv.ParseInt(status["Umask"], 8, 32)
	if err != nil {
		return fmt.Errorf("the primary's umask: %w", err)
	}
	syscall.Umask(int(umask))
	if filepath.IsAbs(at.Address) {
		return nil
	}
	return os.Chdir(fmt.Sprintf("/proc/%d/cwd", l.parent))
}

// listenFD returns a copy of a descriptor of the primary's. The system may not allow that: then the primary is asked to serve it.
func (l *likeness) listenFD(fd int) (*os.File, error) {
	pidfd, err := unix.PidfdOpen(l.parent, 0)
	if err != nil {
		return nil, os.NewSyscallError("pidfd_open", err)
	}
	defer unix.Close(pidfd)
	own, err := unix.PidfdGetfd(pidfd, fd, 0)
	if err != nil {
		return nil, os.NewSyscallError("pidfd_getfd", err)
	}
	return os.NewFile(uintptr(own), "the primary's"), nil
}

// assumeIDs takes over the primary's users and groups, if they have changed. This process began with the same.
func (l *likeness) assumeIDs(status map[string]string) error {
	ids := status["Uid"] + "/" + status["Gid"] + "/" + status["Groups"]
	if l.ids == ids {
		return nil
	}
	own, err := readStatus(os.Getpid())
	if err != nil {
		return err
	}
	if ids != own["Uid"]+"/"+own["Gid"]+"/"+own["Groups"] {
		groups, gids, uids := numbers(status["Groups"]), numbers(status["Gid"]), numbers(status["Uid"])
		if len(gids) < 3 || len(uids) < 3 {
			return fmt.Errorf("the status of process %d makes no sense", l.parent)
		}
		if err := syscall.Setgroups(groups); err != nil {
			return fmt.Errorf("take over the primary's groups: %w", err)
		}
		if err := syscall.Setresgid(gids[0], gids[1], gids[2]); err != nil {
			return fmt.Errorf("take over the primary's group: %w", err)
		}
		if err := syscall.Setresuid(uids[0], uids[1], uids[2]); err != nil {
			return fmt.Errorf("take over the primary's user: %w", err)
		}
	}
	l.ids = ids
	return nil
}

// readStatus reads the fields of /proc/PID/status.
func readStatus(pid int) (map[string]string, error) {
	file, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	fields := map[string]string{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ":")
		fields[name] = strings.TrimSpace(value)
	}
	return fields, nil
}

func numbers(text string) (ns []int) {
	for _, word := range strings.Fields(text) {
		if n, err := strconv.Atoi(word); err == nil {
			ns = append(ns, n)
		}
	}
	return ns
}
