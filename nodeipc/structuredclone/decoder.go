package structuredclone

import "sync"

// form is one of the two ways to say a value in Go.
type form uint8

const (
	plain form = iota // as Unmarshal gives it to an any
	exact             // as Decode gives it
)

// decoder makes Go values of data that was checked.
type decoder struct {
	scanner
	form form
	// alias is that of Options.
	alias bool
	// aliasStrings is that of Options.
	aliasStrings bool
	// made has the objects made so far in each form, by their number, if there are references.
	made [2][]any
	// slots is how many elements the sparse arrays that become slices may have yet.
	slots int

	recent recentStrings
	boxes  boxes

	// What follows is for Unmarshal into types.

	typed   map[typedKey]*typedValue
	copied  int // bytes, of messages and JSON
	path    path
	scratch []byte
}

// Small sparse arrays are common and cheap, so that a short message may hold some.
const spareSlots = 1024

var decoderPool = sync.Pool{New: func() any { return new(decoder) }}

// newDecoder gives one for data that is yet to be checked. It must be freed.
func newDecoder(data []byte) *decoder {
	d := decoderPool.Get().(*decoder)
	spans := d.spans
	d.scanner = newScanner(data)
	d.spans = spans
	d.slots = len(data) + spareSlots
	return d
}

// free gives the decoder back, with the memory that any message needs and with the recent strings.
func (d *decoder) free() {
	const most = 1 << 12
	if cap(d.spans) > most || cap(d.scratch) > most {
		d.spans, d.scratch = nil, nil
	}
	d.scanner = scanner{spans: d.spans[:0]}
	d.scratch = d.scratch[:0]
	d.path.reset()
	d.form, d.alias, d.aliasStrings, d.made, d.typed, d.copied = plain, false, false, [2][]any{}, nil, 0
	d.boxes = boxes{}
	decoderPool.Put(d)
}
