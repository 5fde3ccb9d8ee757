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

	"golang.org/x/sys/unix"
)

// Connections returns how many connections to servers on these TCP ports each process has open, which may be accepted or made, in their
// order. Their states do not matter, as long as the process has not closed them. It is -1 for a process that has ended, or that is
// another user's. It reads all descriptors of the processes and, if one of them is a TCP socket, all sockets of this process's network
// namespace once: the kernel looks through a table for that which is as large as the machine's memory, in some milliseconds.
func Connections[P Process](processes []P, ports map[int]bool) ([]int, error) {
	open := make([]int, len(processes))
	sockets := make([]map[string]bool, len(processes))
	hasAny := false
	for i, p := range processes {
		own, err := tcpSockets(p.Pid())
		if err != nil {
			open[i] = -1
		}
		sockets[i] = own
		hasAny = hasAny || len(own) > 0
	}
	if !hasAny {
		return open, nil
	}
	inodes := map[string]bool{}
	for _, table := range []string{"/proc/self/net/tcp", "/proc/self/net/tcp6"} {
		if err := addConnections(inodes, table, ports); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("connections of processes: %w", err)
		}
	}
	for i, own := range sockets {
		for inode := range own {
			if inodes[inode] {
				open[i]++
			}
		}
	}
	return open, nil
}

// tcpSockets are the inodes of a process's sockets of TCP, of which it may have copies.
func tcpSockets(pid int) (inodes map[string]bool, err error) {
	folder := "/proc/" + strconv.Itoa(pid) + "/fd"
	descriptors, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	inodes = map[string]bool{}
	for _, descriptor := range descriptors {
		path := folder + "/" + descriptor.Name()
		to, err := os.Readlink(path)
		if inode, isSocket := strings.CutPrefix(to, "socket:["); err == nil && isSocket && isTCP(path) {
			inodes[strings.TrimSuffix(inode, "]")] = true
		}
	}
	return inodes, nil
}

// isTCP reports whether a socket is one of TCP, or of Multipath TCP, as Go's listeners are. One that does not say what it is may be.
func isTCP(path string) bool {
	protocol := make([]byte, 32)
	n, err := unix.Getxattr(path, "system.sockprotoname", protocol)
	return err != nil || bytes.HasPrefix(bytes.TrimPrefix(protocol[:n], []byte("MP")), []byte("TCP"))
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
