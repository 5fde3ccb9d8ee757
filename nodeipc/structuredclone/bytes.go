package structuredclone

// ArrayBuffer is an ArrayBuffer. On a channel no view shares it: Node sends each view with a copy of its own
// bytes.
type ArrayBuffer struct {
	Bytes []byte
	// Resizable says that the buffer may grow to MaxByteLength. Node 16 and 18 cannot read such a buffer.
	Resizable     bool
	MaxByteLength uint32
}

// View is a typed array, a DataView or a Buffer. [Unmarshal] gives a Buffer as a []byte instead.
type View struct {
	Kind ViewKind
	// Bytes are the elements in the machine's order, which is little-endian wherever Node runs but on s390x. They
	// are a whole number of elements.
	Bytes []byte
}

// ViewKind says of what class a [View] is.
type ViewKind uint8

// The classes, numbered as Node numbers them. Node reads Float16Array from version 24 on, and fails on it before.
const (
	Int8Array ViewKind = iota
	Uint8Array
	Uint8ClampedArray
	Int16Array
	Uint16Array
	Int32Array
	Uint32Array
	Float32Array
	Float64Array
	DataView
	Buffer
	BigInt64Array
	BigUint64Array
	Float16Array
)

var views = [...]struct {
	name string
	size int
}{
	{"Int8Array", 1},
	{"Uint8Array", 1},
	{"Uint8ClampedArray", 1},
	{"Int16Array", 2},
	{"Uint16Array", 2},
	{"Int32Array", 4},
	{"Uint32Array", 4},
	{"Float32Array", 4},
	{"Float64Array", 8},
	{"DataView", 1},
	{"Buffer", 1},
	{"BigInt64Array", 8},
	{"BigUint64Array", 8},
	{"Float16Array", 2},
}

// String gives the class's name in JavaScript.
func (k ViewKind) String() string {
	if !k.known() {
		return "unknown view"
	}
	return views[k].name
}

// BytesPerElement is how many bytes one element takes; 1 for a DataView. It is 0 for a kind that is none.
func (k ViewKind) BytesPerElement() int {
	if !k.known() {
		return 0
	}
	return views[k].size
}

func (k ViewKind) known() bool { return int(k) < len(views) }
