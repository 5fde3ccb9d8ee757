//go:build !linux || portable

package egg

// systemMemory is not known.
func systemMemory() (total, free uint64) { return 0, 0 }
