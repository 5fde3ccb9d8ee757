// Package usage reads how much memory a process uses, and how many connections it has.
package usage

// Memory is the memory of one process, without that of its children, in bytes.
type Memory struct {
	// Resident is what the process has in memory, its RSS. Pages that it shares with others, such as those of its program, count fully.
	Resident int64
	// Own is the part of it that is nobody else's and is not backed by a file: what is free again when the process ends.
	Own int64
}

// Process is what has a process id, such as a worker.
type Process interface{ Pid() int }
