package structuredclone

import (
	"slices"
	"sync"
)

// Encode gives the message, with its header, of a value as [Decode] gives it; an int32 is written as V8 writes
// small integers, a float64 as a double always. It takes all else that [Marshal] takes. The error is a
// [*CloneError].
func Encode(v Value) ([]byte, error) { return Options{}.Encode(v) }

// Encode is [Encode] with these options.
func (o Options) Encode(v Value) ([]byte, error) { return o.write(v, exact) }

var encoders = sync.Pool{New: func() any { return new(encoder) }}

// write gives a message that takes no more memory than it has bytes.
func (o Options) write(v any, f form) ([]byte, error) {
	e := encoders.Get().(*encoder)
	defer e.free()
	out, err := o.append(e, e.room[:0], v, f)
	if err != nil {
		return nil, err
	}
	if cap(out) > maxRoom {
		return out, nil
	}
	e.room = out
	return slices.Clone(out), nil
}

// append appends a message to dst.
func (o Options) append(e *encoder, dst []byte, v any, f form) (out []byte, err error) {
	version := o.Version
	switch {
	case version == 0:
		version = latestVersion
	case version < oldestVersion || version > latestVersion:
		return nil, &CloneError{Kind: UnknownVersion, Detail: "Options.Version is not between 13 and 15"}
	}
	defer catch(&err)
	e.out, e.base, e.form = append(dst, tagVersion, byte(version)), len(dst), f
	e.value(v)
	return e.out, nil
}

// The most that an encoder keeps for the next message: bytes, and entries of maps.
const (
	maxRoom    = 1 << 16
	maxEntries = 1 << 12
)

// free gives the encoder back. What it kept for a message that was unusually large goes.
func (e *encoder) free() {
	e.ids.reset()
	e.path.reset()
	e.keys, e.entries = emptied(e.keys), emptied(e.entries)
	e.out, e.base, e.depth, e.nextID = nil, 0, 0, 0
	encoders.Put(e)
}

// emptied clears what a failure left.
func emptied[E any](entries []E) []E {
	if cap(entries) > maxEntries {
		return nil
	}
	clear(entries)
	return entries[:0]
}
