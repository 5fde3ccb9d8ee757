// Package structuredclone reads and writes V8's structured clone format as Node 16 to 26 speak it on the channel
// of a child process with serialization "advanced". It knows messages, which begin with the format's header,
// and nothing of channels and of the length that they put before each.
//
// [Marshal] and [Unmarshal] are used as those of encoding/json are, with the same struct tags:
//
//	type job struct {
//		Name    string         `json:"name"`
//		Created time.Time      `json:"created"`
//		Size    *big.Int       `json:"size"`
//		Payload []byte         `json:"payload,omitempty"`
//		Rest    map[string]any `json:"rest,omitempty"`
//	}
//
//	message, err := structuredclone.Marshal(job{"resize", time.UnixMilli(0), big.NewInt(1 << 60), []byte("png"), nil})
//	if err != nil {
//		log.Fatal(err)
//	}
//	var received job
//	if err := structuredclone.Unmarshal(message, &received); err != nil {
//		log.Fatal(err)
//	}
//	name, ok := structuredclone.Lookup(message, "name") // "resize", true
//
// [Decode] and [Encode] lose nothing: what Decode gives of a message of Node's, Encode writes byte for byte but for
// the few things that V8 itself does in one way or another.
//
// # Types
//
// This is what becomes of each JavaScript value. The types of this package that an any holds are pointers.
//
//	JavaScript             Decode          Unmarshal into any    into types also
//	undefined              Undefined       Undefined             nil, or nothing stored
//	null                   nil             nil                   nil, or nothing stored
//	boolean                bool            bool
//	small integer          int32           float64               any number, *big.Int if it is whole
//	other number           float64         float64               any number, *big.Int if it is whole
//	bigint                 *big.Int        *big.Int              any integer
//	string                 string          string                encoding.TextUnmarshaler
//	plain object           *Object         map[string]any        structs, maps
//	Array                  *Array          []any                 slices, arrays
//	Array, mostly holes    *Array          *Array
//	Map                    *Map            *Map                  maps
//	Set                    *Set            *Set                  slices
//	Date                   *Date           time.Time in UTC
//	invalid Date           *Date           *Date
//	RegExp                 *RegExp         *RegExp
//	Error of any kind      *Error          *Error                error
//	new Number(1), …       *Boxed          *Boxed                what the primitive goes into
//	Buffer                 *View           []byte
//	Uint8Array             *View           *View                 []byte, slices of numbers
//	other typed array      *View           *View                 slices of numbers
//	DataView               *View           *View
//	ArrayBuffer            *ArrayBuffer    *ArrayBuffer          []byte
//	instance of a class    *Object         map[string]any        structs, maps
//	native object          *Object (Host)  map[string]any        structs, maps
//
// Every value goes into json.RawMessage and json.Unmarshaler too, if JSON has something for it, and into
// [RawMessage], which is for messages within messages. The types of this package may be those of fields.
//
// The plain forms leave out what Go has no place for: the properties of an array that are not elements. Its
// holes are [Hole] in a []any, and zero values in other slices. A sparse array becomes a slice as long as the
// sparse arrays of the message have together no more places than it has bytes, and 1024.
//
// This is what becomes of each Go value that is not of these types:
//
//	Go                                     JavaScript
//	integers, floats                       number, the nearest one there is
//	nil pointer, map, slice, interface     null
//	struct, map                            plain object, the keys of a map sorted
//	slice, array                           Array
//	[]byte                                 Buffer
//	time.Time                              Date, in whole milliseconds
//	*big.Int                               bigint
//	error                                  Error, with what it wraps as its cause
//	json.RawMessage, json.Marshaler        what JSON.parse makes of it
//	encoding.TextMarshaler                 string
//	func, chan, complex number             none: a CloneError, as a function and a symbol are in Node
//
// # Strings
//
// JavaScript's strings may hold a surrogate without its other half, for which UTF-8 has nothing. In Go it is the
// three bytes that UTF-8 would have for it (WTF-8), as in "\xed\xa0\xbd" for "\ud83d": they come back as they
// were, but utf8.ValidString is false for them. All else that is not UTF-8 is written as U+FFFD.
//
// # Identity
//
// One object in several places is one pointer, map or slice in Go, in both directions, and objects may contain
// themselves. Structs that are values, arrays and times have no identity: they are copied, and a [Cycle] error
// says where that has no end.
//
// # Data that is not trusted
//
// No data makes this package panic or run for long, and none makes it take memory out of proportion: that is about
// 100 bytes for a byte of data at most, and where Unmarshal fills slices the size of their elements if that is
// more. Numbers and short strings in anys share small allocations: one that is kept keeps 1 KiB at most. Data is
// checked as a whole first. Values are nested 10,000 levels deep at most.
package structuredclone
