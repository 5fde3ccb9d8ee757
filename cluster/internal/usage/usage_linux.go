package usage

import (
	"fmt"
	"os"
	"strconv"
)

// Supported reports whether Read can tell anything on this system.
const Supported = true

var pageSize = int64(os.Getpagesize())

// Read returns the memory of a process that runs. It fails with an error that matches [os.ErrNotExist] if there is no such process. It
// takes some 15 µs.
func Read(pid int) (Memory, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return Memory{}, fmt.Errorf("memory of process %d: %w", pid, err)
	}
	var mapped, resident, shared int64 // in pages: all, those in memory, and those of them that are a file's or shared
	if _, err := fmt.Sscan(string(text), &mapped, &resident, &shared); err != nil {
		return Memory{}, fmt.Errorf("memory of process %d: %q is no statm: %w", pid, text, err)
	}
	return Memory{resident * pageSize, max(0, resident-shared) * pageSize}, nil
}
