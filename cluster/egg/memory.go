package egg

import (
	"fmt"
	"math"
	"runtime/debug"
	"runtime/metrics"
)

// memoryLines are what Egg's master says of memory when it is killed. A limit that is none is the machine's memory.
func memoryLines() string {
	total, free := systemMemory()
	limit := uint64(debug.SetMemoryLimit(-1))
	if limit == math.MaxInt64 {
		limit = total
	}
	used := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(used)
	return fmt.Sprintf("[master] system memory: total %d, free %d\n[master] process info: heap_limit %d, heap_used %d", total, free, limit, used[0].Value.Uint64())
}
