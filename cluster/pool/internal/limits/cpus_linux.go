package limits

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// cpus is how many CPUs the process may run on by now. Go's own number is that of the process's start.
func cpus() int {
	var set unix.CPUSet
	if unix.SchedGetaffinity(os.Getpid(), &set) != nil || set.Count() == 0 {
		return runtime.NumCPU() // there are more CPUs than the set has room for
	}
	return set.Count()
}
