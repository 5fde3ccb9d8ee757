package usage

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// Connections returns how many connections to servers on these TCP ports a process has open, which may be accepted or made. Their states
// do not matter, as long as the process has not closed them. It reads all sockets of the process's network namespace and all descriptors of
// the process: some milliseconds where there are ten thousand. It fails with an error that matches [os.ErrNotExist] if there is no such
// process, and [os.ErrPermission] if it is another user's.
func Connections(pid int, ports map[int]bool) (n int, err error) {
	folder := "/proc/" + strconv.Itoa(pid)
	inodes := map[string]bool{}
	for _, table := range []string{"/net/tcp", "/net/tcp6"} {
		if err := addConnections(inodes, folder+table, ports); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, fmt.Errorf("connections of process %d: %w", pid, err)
		}
	}
	descriptors, err := os.ReadDir(folder + "/fd")
	if err != nil {
		return 0, fmt.Errorf("connections of process %d: %w", pid, err)
	}
	for _, descriptor := range descriptors {
		to, err := os.Readlink(folder + "/fd/" + descriptor.Name())
		if inode, isSocket := strings.CutPrefix(to, "socket:["); err == nil && isSocket && inodes[strings.TrimSuffix(inode, "]")] {
			n++
			delete(inodes, strings.TrimSuffix(inode, "]")) // of which there may be copies
		}
	}
	return n, nil
}

// addConnections adds the inodes of the sockets in a table of the kernel's that are connections of one of the ports.
func addConnections(inodes map[string]bool, table string, ports map[int]bool) error {
	file, err := os.Open(table)
	if err != nil {
		return err
	}
	defer file.Close()
	const local, state, inode, listens = 1, 3, 9, "0A"
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) <= inode || fields[state] == listens {
			continue
		}
		_, text, _ := strings.Cut(fields[local], ":")
		if port, err := strconv.ParseUint(text, 16, 16); err == nil && ports[int(port)] {
			inodes[fields[inode]] = true
		}
	}
	return lines.Err()
}
