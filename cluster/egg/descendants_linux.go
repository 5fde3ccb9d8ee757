//go:build !portable

package egg

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// processes are those of the machine.
func processes() map[int]origin {
	all := map[int]origin{}
	folder, err := os.Open("/proc")
	if err != nil {
		return all
	}
	defer folder.Close()
	names, _ := folder.Readdirnames(-1)
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			if of, ok := readOrigin(pid); ok {
				all[pid] = of
			}
		}
	}
	return all
}

// readOrigin reads who has started a process, and when. A process that has ended, and was not waited for, is none.
func readOrigin(pid int) (of origin, ok bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return of, false
	}
	// The name before the last bracket may have anything in it.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 20 || fields[0][0] == 'Z' {
		return of, false
	}
	of.parent, err = strconv.Atoi(string(fields[1]))
	of.began = string(fields[19])
	return of, err == nil
}

// beganAt is when a process began, "" for one that does not run.
func beganAt(pid int) string {
	of, _ := readOrigin(pid)
	return of.began
}

func kill(pid int, s syscall.Signal) { syscall.Kill(pid, s) }
