package structuredclone

import (
	"math"
	"reflect"
	"sync"
	"sync/atomic"
	"unsafe"
)

// identity is what makes two Go values the same JavaScript object.
type identity struct {
	pointer unsafe.Pointer
	// length tells a slice from those that begin where it does.
	length int
	// typ tells a struct from its first field: it is the number of the type, and 0 for those of the tree.
	typ uint32
}

// Types that are numbered, by reflect.Type.
var (
	typeNumbers    sync.Map // of uint32
	lastTypeNumber atomic.Uint32
)

func numberOf(t reflect.Type) uint32 {
	known, ok := typeNumbers.Load(t)
	if !ok {
		known, _ = typeNumbers.LoadOrStore(t, lastTypeNumber.Add(1))
	}
	return known.(uint32)
}

// identities has the numbers of objects written before: a hash table that is cheap to empty, of which a part is free
// always.
type identities struct {
	slots []numbered
	n     int
}

// numbered is an identity and the number of that object.
type numbered struct {
	pointer unsafe.Pointer
	length  int
	typ, id uint32
}

// notAnObject is the number of what turned out to be a primitive, and is written anew each time.
const notAnObject = math.MaxUint32

// slot gives the place of i, which is free if i was not added.
func (ids *identities) slot(i identity) *numbered {
	const mixer = 0x9E3779B97F4A7C15 // 2^64 over the golden ratio
	mask := uint64(len(ids.slots) - 1)
	hash := (uint64(uintptr(i.pointer)) ^ uint64(i.length)<<48) * mixer
	for at := hash >> 32; ; at++ {
		slot := &ids.slots[at&mask]
		if slot.pointer == nil || slot.pointer == i.pointer && slot.typ == i.typ && slot.length == i.length {
			return slot
		}
	}
}

func (ids *identities) find(i identity) (uint32, bool) {
	if ids.n == 0 {
		return 0, false
	}
	slot := ids.slot(i)
	return slot.id, slot.pointer != nil
}

// add notes the number of an object that was not added before.
func (ids *identities) add(i identity, id uint32) {
	if ids.n >= len(ids.slots)/4*3 {
		ids.grow()
	}
	ids.n++
	*ids.slot(i) = numbered{i.pointer, i.length, i.typ, id}
}

func (ids *identities) grow() {
	before := ids.slots
	ids.slots = make([]numbered, max(16, 2*len(before)))
	for _, known := range before {
		if known.pointer != nil {
			*ids.slot(identity{known.pointer, known.length, known.typ}) = known
		}
	}
}

// set changes the number of one that was added.
func (ids *identities) set(i identity, id uint32) { ids.slot(i).id = id }

func (ids *identities) reset() {
	const most = 1 << 12
	switch {
	case len(ids.slots) > most:
		ids.slots = nil
	case ids.n > 0:
		clear(ids.slots)
	}
	ids.n = 0
}

// again writes a reference to an object that was written before.
func (e *encoder) again(i identity, v any) bool {
	id, ok := e.ids.find(i)
	if !ok {
		return false
	}
	if id >= e.nextID {
		e.fail(Cycle, v, "it is a pointer to itself", nil)
	}
	e.byte(tagReference)
	e.varint(id)
	return true
}

// once is true if the object at that pointer has not been written yet, which is then remembered; else it writes
// a reference.
func (e *encoder) once(pointer unsafe.Pointer, v any) bool {
	i := identity{pointer: pointer}
	if e.again(i, v) {
		return false
	}
	e.ids.add(i, e.nextID)
	return true
}
