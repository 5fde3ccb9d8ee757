package nodetest

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
)

// warmUp makes the Go runtime open the descriptors that it opens on first use
// and keeps: its epoll set and the eventfd that wakes it.
var warmUp = sync.OnceValue(func() error {
	if err := exec.Command("true").Run(); err != nil {
		return fmt.Errorf("run true: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	return listener.Close()
})

// openFDs gives what each open file descriptor of this process refers to.
func openFDs() (map[int]string, error) {
	const folder = "/proc/self/fd"
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	fds := make(map[int]string)
	for _, entry := range entries {
		target, err := os.Readlink(filepath.Join(folder, entry.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue // closed since, as is the one that read the folder
		}
		if err != nil {
			return nil, err
		}
		fd, err := strconv.Atoi(entry.Name())
		if err != nil {
			return nil, err
		}
		fds[fd] = target
	}
	return fds, nil
}
