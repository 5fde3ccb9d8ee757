package nodetest

import "runtime"

// Heap is how many bytes of memory are in use. It collects garbage twice,
// because what is in a sync.Pool outlives the first time.
func Heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
