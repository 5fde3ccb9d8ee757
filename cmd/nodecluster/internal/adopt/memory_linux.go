//go:build !portable

package adopt

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// mapping is a part of the program's file in this process's memory that can be read from the file again.
type mapping struct{ start, end uintptr }

// programMappings returns none where that cannot be known.
func programMappings() (all []mapping) {
	path, err := os.Executable()
	if err != nil {
		return nil
	}
	file, err := os.Open("/proc/self/smaps")
	if err != nil {
		return nil
	}
	defer file.Close()
	var m mapping
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		switch {
		case len(fields) > 5 && strings.Contains(fields[0], "-"):
			m = mapping{}
			if strings.Join(fields[5:], " ") == path && !strings.Contains(fields[1], "w") {
				fmt.Sscanf(fields[0], "%x-%x", &m.start, &m.end)
			}
		// Where the linker has changed pages, the file does not have them.
		case m.end > 0 && len(fields) > 1 && fields[0] == "Anonymous:" && fields[1] == "0":
			all = append(all, m)
		}
	}
	return all
}

// drop takes the mapping's pages out of this process's memory. The start of all of the program's packages has touched most of them, and what
// a new worker asks for has touched more, of which serving needs few: those come back from the system's cache. If it fails, there is only
// more in memory.
func (m mapping) drop() {
	unix.Syscall(unix.SYS_MADVISE, m.start, m.end-m.start, unix.MADV_DONTNEED)
}
