package limits

import (
	"fmt"
	"math"
	"strconv"
)

const (
	mebi = 1 << 20
	// primaryMemory is what the primary of a pool needs itself.
	primaryMemory = 30 * mebi
	// MinHeap is the least heap that a worker gets. With less no Node program starts, however many workers there are.
	MinHeap = 32 * mebi
)

// Instances is how many workers there should be: one for each CPU, but no more than the quota has whole CPUs, and than memory has room for
// if each needs workerMemory bytes and there are others beside them; 1 at least. reason says which of these it is.
func (l Limits) Instances(workerMemory int64, others int) (n int, reason string) {
	n, reason = l.CPUs, fmt.Sprintf("there are %d CPUs to run on", l.CPUs)
	if l.CPUs == 1 {
		reason = "there is 1 CPU to run on"
	}
	if l.Quota != 0 && l.Quota < float64(n) {
		n = max(1, int(l.Quota))
		reason = "the CPU quota is " + strconv.FormatFloat(math.Round(l.Quota*100)/100, 'f', -1, 64)
	}
	if room := l.forWorkers()/workerMemory - int64(others); l.Memory != 0 && room < int64(n) {
		n = max(1, int(room))
		reason = fmt.Sprintf("the memory limit is %d MiB, of which a worker needs %d", l.Memory/mebi, workerMemory/mebi)
	}
	return n, reason
}

// Heap is how many bytes of heap each of so many workers may have, so that all that a process needs beside its heap has room too. It is
// 0 if memory has no limit, and MinHeap at least.
func (l Limits) Heap(workers int) int64 {
	if l.Memory == 0 {
		return 0
	}
	return max(MinHeap, l.forWorkers()/int64(workers)/4*3)
}

// forWorkers is how much of the memory the workers may use: a tenth is kept back for what nobody has planned.
func (l Limits) forWorkers() int64 { return max(0, l.Memory/10*9-primaryMemory) }
