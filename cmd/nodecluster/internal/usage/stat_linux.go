package usage

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// tick is the unit of the times in /proc, which Linux shows programs on every machine.
const tick = time.Second / 100

// stat is what the system says of a process, or of a thread in one.
type stat struct {
	started  time.Duration // after the machine was
	cpu      time.Duration // in the program and in the kernel
	resident int64         // bytes, of the whole process
}

// Where the numbers stand in the file, from the state of the process on.
const (
	userTime, systemTime, startTime, residentPages = 11, 12, 19, 21
)

// readStat reads a file stat in /proc, in three system calls and without keeping anything.
func readStat(path string) (stat, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return stat{}, &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	var b [1024]byte // Linux writes 52 numbers
	n, err := unix.Read(fd, b[:])
	if err != nil {
		return stat{}, &os.PathError{Op: "read", Path: path, Err: err}
	}
	s, err := parseStat(b[:n])
	if err != nil {
		return stat{}, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// parseStat reads what such a file has. The name of the program comes first, in parentheses, and may have anything in it.
func parseStat(line []byte) (stat, error) {
	fields := bytes.Fields(line[bytes.LastIndexByte(line, ')')+1:])
	if len(fields) <= residentPages {
		return stat{}, fmt.Errorf("%q is no stat", line)
	}
	var values [4]int64
	for i, field := range []int{userTime, systemTime, startTime, residentPages} {
		v, err := strconv.ParseInt(string(fields[field]), 10, 64)
		if err != nil {
			return stat{}, fmt.Errorf("%q is no stat: %w", line, err)
		}
		values[i] = v
	}
	return stat{
		started:  time.Duration(values[2]) * tick,
		cpu:      time.Duration(values[0]+values[1]) * tick,
		resident: values[3] * int64(os.Getpagesize()),
	}, nil
}
