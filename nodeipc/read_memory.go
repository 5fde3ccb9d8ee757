package nodeipc

import (
	"sync"
	"sync/atomic"
)

// maxSpare is how many bytes of released messages a channel keeps for those to come.
const maxSpare = 1 << 20

// memory is what a long message is put together in. From then on it belongs to the payload.
type memory struct {
	bytes []byte
	spare *spareMemory
	ended atomic.Uint32 // how many leases of it have ended
}

// lease is a message's right to its memory. The zero value never ends.
type lease struct {
	memory *memory
	number uint32
}

func (m *memory) lease() lease { return lease{m, m.ended.Load()} }

func (l lease) over() bool { return l.memory != nil && l.memory.ended.Load() != l.number }

// end gives the memory back. It does so once, however many copies of the message there are, so that no two later messages get the
// same memory.
func (l lease) end() {
	if l.memory != nil && l.memory.ended.CompareAndSwap(l.number, l.number+1) {
		l.memory.spare.put(l.memory)
	}
}

// spareMemory is memory that no message has any more. The loop takes from it, and any goroutine gives back.
type spareMemory struct {
	mu   sync.Mutex
	free []*memory
	size int
}

// get returns memory of size bytes, or of at most twice as many.
func (s *spareMemory) get(size int) *memory {
	if size >= minAssembled {
		s.mu.Lock()
		defer s.mu.Unlock()
		for i, m := range s.free {
			if have := len(m.bytes); size <= have && have <= 2*size {
				last := len(s.free) - 1
				s.free[i], s.free[last] = s.free[last], nil
				s.free = s.free[:last]
				s.size -= have
				return m
			}
		}
	}
	return &memory{bytes: make([]byte, size), spare: s}
}

// abandon drops what there is, and what is given back later.
func (s *spareMemory) abandon() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free, s.size = nil, maxSpare
}

func (s *spareMemory) put(m *memory) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if size := len(m.bytes); size >= minAssembled && s.size+size <= maxSpare {
		s.free = append(s.free, m)
		s.size += size
	}
}
