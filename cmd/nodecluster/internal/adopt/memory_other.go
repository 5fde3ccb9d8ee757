//go:build unix && (!linux || portable)

package adopt

// mapping is a part of the program's file in this process's memory.
type mapping struct{}

func programMappings() []mapping { return nil }

func (mapping) drop() {}
