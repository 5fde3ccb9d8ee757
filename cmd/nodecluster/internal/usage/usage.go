// Package usage tells what processes use: CPU, memory, and how busy their main threads are.
package usage

// Reading is what one process uses, without its children.
type Reading struct {
	// CPU is the time of all its threads in percent of one CPU, since the sample before, or else since the process was started.
	CPU float64
	// CPUSeconds is the time of all its threads since it was started.
	CPUSeconds float64
	// Utilization is how much of the time its main thread ran on a CPU, from 0 to 1, since the sample before, or else since the process was
	// started. In Node, Deno and Bun this is the thread of the event loop: one at 1 has no time left, and other threads, which read files and
	// compute hashes, add nothing to it. A loop that sleeps in a synchronous call is idle here, and only its lag tells. A program in Go has no such
	// thread, and this says nothing of it.
	Utilization float64
	// Memory is what the process has in memory, its RSS, in bytes. Pages that it shares with others count fully.
	Memory int64
}
