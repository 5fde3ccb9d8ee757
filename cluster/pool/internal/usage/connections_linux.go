package usage

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// Connections returns how many connections to servers on these TCP ports each process has open, which may be accepted or made, by the process
// ids. Their states do not matter, as long as the process has not closed them. A process that has ended, or that is another user's, is not
// in what it returns. It reads all sockets of this process's network namespace once, and all descriptors of the processes: some milliseconds
// where there are ten thousand.
func Connections(pids []int, ports map[int]bool) (map[int]int, error) {
	inodes := map[string]bool{}
	for _, table := range []string{"/proc/self/net/tcp", "/proc/self/net/tcp6"} {
		if err := addConnections(inodes, table, ports); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("connections of processes: %w", err)
		}
	}
	open := make(map[int]int, len(pids))
	for _, pid := range pids {
		if n, err := countSockets(pid, inodes); err == nil {
			open[pid] = n
		}
	}
	return open, nil
}

// countSockets is how many of the sockets a process has.
func countSockets(pid int, inodes map[string]bool) (int, error) {
	folder := "/proc/" + strconv.Itoa(pid) + "/fd"
	descriptors, err := os.ReadDir(folder)
	if err != nil || len(inodes) == 0 {
		return 0, err
	}
	found := map[string]bool{} // of a socket there may be copies
	for _, descriptor := range descriptors {
		to, err := os.Readlink(folder + "/" + descriptor.Name())
		inode, isSocket := strings.CutPrefix(to, "socket:[")
		if inode = strings.TrimSuffix(inode, "]"); err == nil && isSocket && inodes[inode] {
			found[inode] = true
		}
	}
	return len(found), nil
}

// addConnections adds the inodes of the sockets in a table of the kernel's that are connections of one of the ports.
func addConnections(inodes map[string]bool, table string, ports map[int]bool) error {
	file, err := os.Open(table)
	if err != nil {
		return err
	}
	defer file.Close()
	const state, inode, listens = 3, 9, "0A"
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		// Most lines are of others: no more is read of them than the port.
		if !ports[localPort(lines.Bytes())] {
			continue
		}
		fields := strings.Fields(lines.Text())
		if len(fields) > inode && fields[state] != listens {
			inodes[fields[inode]] = true
		}
	}
	return lines.Err()
}

// localPort is the port on this side in a line such as "  12: 0100007F:1F90 0200007F:C001 01 ...", and -1 if there is none.
func localPort(line []byte) int {
	const digits = 4
	_, line, _ = bytes.Cut(line, []byte{':'})
	_, line, _ = bytes.Cut(line, []byte{':'})
	if len(line) < digits {
		return -1
	}
	port, err := strconv.ParseUint(string(line[:digits]), 16, 16)
	if err != nil {
		return -1
	}
	return int(port)
}
