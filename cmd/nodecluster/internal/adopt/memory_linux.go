//go:build !portable

package adopt

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// dropProgram takes the pages of the program's file out of this process's memory, of which the start of all of the program's packages has
// touched most and the engine needs few. Those come back from the system's cache. An error changes nothing.
func dropProgram() error {
	path, err := os.Executable()
	if err != nil {
		return err
	}
	file, err := os.Open("/proc/self/smaps")
	if err != nil {
		return err
	}
	defer file.Close()
	var start, end uintptr // of a mapping that can be read from the file again; 0 if there is none
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		switch {
		case len(fields) > 5 && strings.Contains(fields[0], "-"):
			start, end = 0, 0
			if strings.Join(fields[5:], " ") == path && !strings.Contains(fields[1], "w") {
				fmt.Sscanf(fields[0], "%x-%x", &start, &end)
			}
		// Where the linker has changed pages, the file does not have them.
		case end > 0 && len(fields) > 1 && fields[0] == "Anonymous:" && fields[1] == "0":
			if _, _, errno := unix.Syscall(unix.SYS_MADVISE, start, end-start, unix.MADV_DONTNEED); errno != 0 {
				return os.NewSyscallError("madvise", errno)
			}
		}
	}
	return nil
}
