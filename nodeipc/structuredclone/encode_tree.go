package structuredclone

import (
	"math/big"
	"unsafe"
)

// tree writes v if it is a pointer to one of the types of a tree.
func (e *encoder) tree(v any) bool {
	switch v := v.(type) {
	case *Object:
		e.node(unsafe.Pointer(v), v, func() { e.object(v) })
	case *Array:
		e.node(unsafe.Pointer(v), v, func() { e.array(v) })
	case *Map:
		e.node(unsafe.Pointer(v), v, func() { e.mapEntries(v) })
	case *Set:
		e.node(unsafe.Pointer(v), v, func() { e.members(v) })
	case *Date:
		e.node(unsafe.Pointer(v), v, func() {
			e.begin(tagDate)
			e.double(v.Milliseconds)
		})
	case *RegExp:
		e.node(unsafe.Pointer(v), v, func() { e.regExp(v) })
	case *Boxed:
		e.node(unsafe.Pointer(v), v, func() { e.boxed(v) })
	case *Error:
		e.node(unsafe.Pointer(v), v, func() { e.error(v) })
	case *ArrayBuffer:
		e.node(unsafe.Pointer(v), v, func() { e.arrayBuffer(v) })
	case *View:
		e.node(unsafe.Pointer(v), v, func() {
			if size := v.Kind.BytesPerElement(); size == 0 || len(v.Bytes)%size != 0 {
				e.fail(BadValue, v, "its bytes are not a whole number of elements of a known kind", nil)
			}
			e.view(v.Kind, v.Bytes)
		})
	default:
		return false
	}
	return true
}

// node writes an object by calling write, or null, or a reference.
func (e *encoder) node(pointer unsafe.Pointer, v any, write func()) {
	if pointer == nil {
		e.byte(tagNull)
		return
	}
	if !e.once(pointer, v) {
		return
	}
	e.enter(v)
	write()
	e.leave()
}

func (e *encoder) object(o *Object) {
	if !o.Host {
		e.begin(tagObject)
		e.properties(o, o.Properties, tagObjectEnd)
		return
	}
	native := e.begin(tagHostObject)
	e.varint(hostPlain)
	// Within the copy Node can resolve references to the copy alone.
	itself := identity{pointer: unsafe.Pointer(o)}
	e.ids.set(itself, e.begin(tagObject))
	e.properties(o, o.Properties, tagObjectEnd)
	e.ids.set(itself, native)
}

// properties writes them, what ends them and their number.
func (e *encoder) properties(v any, properties []Property, end byte) {
	if key, found := duplicate(properties); found {
		e.fail(Duplicate, v, "it has two properties named "+key, nil)
	}
	for _, p := range properties {
		e.path.push(p.Key)
		e.key(p.Key)
		e.value(p.Value)
		e.path.pop()
	}
	e.byte(end)
	e.length(len(properties), v)
}

func (e *encoder) array(a *Array) {
	for _, p := range a.Properties {
		index, ok := arrayIndex(p.Key)
		if p.Key == "length" || ok && uint64(index) < uint64(len(a.Elements)) && a.Elements[index] != (Hole{}) {
			e.fail(Duplicate, a, "it has two properties named "+p.Key, nil)
		}
	}
	if !a.Sparse {
		e.begin(tagDense)
		e.elements(a.Elements)
		e.properties(a, a.Properties, tagDenseEnd)
		e.varint(uint32(len(a.Elements)))
		return
	}
	if len(a.Elements) > 0 {
		e.fail(BadValue, a, "it is sparse, and has elements that are not properties", nil)
	}
	e.begin(tagSparse)
	e.varint(a.Length)
	e.properties(a, a.Properties, tagSparseEnd)
	e.varint(a.Length)
}

func (e *encoder) mapEntries(m *Map) {
	e.begin(tagMap)
	for _, entry := range m.Entries {
		e.value(entry.Key)
		e.value(entry.Value)
	}
	e.byte(tagMapEnd)
	e.length(2*len(m.Entries), m)
}

func (e *encoder) members(s *Set) {
	e.begin(tagSet)
	for _, v := range s.Values {
		e.value(v)
	}
	e.byte(tagSetEnd)
	e.length(len(s.Values), s)
}

func (e *encoder) regExp(r *RegExp) {
	bits, ok := flagBits(r.Flags)
	if !ok {
		e.fail(BadValue, r, "its flags are not some of dgimsuvy", nil)
	}
	e.begin(tagRegExp)
	e.string(r.Source)
	e.varint(bits)
}

func (e *encoder) boxed(b *Boxed) {
	switch v := b.Value.(type) {
	case bool:
		if v {
			e.begin(tagTrueBox)
		} else {
			e.begin(tagFalseBox)
		}
	case float64:
		e.begin(tagNumberBox)
		e.double(v)
	case string:
		e.begin(tagStringBox)
		e.string(v)
	case *big.Int:
		if v == nil {
			e.fail(BadValue, b, "it boxes a nil *big.Int", nil)
		}
		e.begin(tagBigIntBox)
		e.digits(v)
	default:
		e.fail(BadValue, b, "it boxes something other than a bool, float64, string or *big.Int", nil)
	}
}

func (e *encoder) error(err *Error) {
	e.begin(tagError)
	if tag, ok := errorTags[err.Name]; ok {
		e.byte(tag)
	}
	if err.has(ErrorMessage) {
		e.byte(errorMessage)
		e.string(err.Message)
	}
	// This order is that of Node 22 and later, which read no other.
	if err.has(ErrorStack) {
		e.byte(errorStack)
		e.string(err.Stack)
	}
	if err.has(ErrorCause) {
		e.byte(errorCause)
		e.value(err.Cause)
	}
	e.byte(errorEnd)
}

func (e *encoder) arrayBuffer(b *ArrayBuffer) {
	if !b.Resizable {
		e.begin(tagBuffer)
		e.length(len(b.Bytes), b)
	} else {
		if uint64(len(b.Bytes)) > uint64(b.MaxByteLength) {
			e.fail(BadValue, b, "it has more bytes than its MaxByteLength", nil)
		}
		e.begin(tagResizable)
		e.length(len(b.Bytes), b)
		e.varint(b.MaxByteLength)
	}
	e.out = append(e.out, b.Bytes...)
}
