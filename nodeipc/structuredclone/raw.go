package structuredclone

import (
	"bytes"
	"reflect"
)

// RawMessage is a whole message, with its header, as a part of another: Unmarshal stores in it the message that
// the part would be by itself, and Marshal writes the value of the message. nil is null. It must be what this
// package or Node wrote.
type RawMessage []byte

// raw writes the value of another message.
func (e *encoder) raw(message RawMessage) {
	if message == nil {
		e.byte(tagNull)
		return
	}
	d := newDecoder(message)
	defer d.free()
	if err := d.tryCheck(); err != nil {
		e.fail(BadValue, message, err.Error(), err)
	}
	if value := message[headerSize:]; !d.references && aligned(value, headerSize, len(e.out)-e.base) {
		e.out = append(e.out, value...)
		e.nextID += uint32(len(d.spans))
		return
	}
	d.form = exact
	form := e.form
	e.form = exact
	e.value(d.value())
	e.form = form
}

// aligned says that a value stays as V8 would write it when it moves from one offset in its message to another.
func aligned(value []byte, from, to int) bool {
	return (to-from)%2 == 0 || bytes.IndexByte(value, tagTwoByte) < 0
}

func (s *scanner) tryCheck() (err error) {
	defer catch(&err)
	s.check()
	return nil
}

func decodeRaw(d *decoder, v reflect.Value) {
	version := d.data[1]
	start, nextID := d.pos, d.nextID
	if !d.references {
		d.skip()
		if value := d.data[start:d.pos]; aligned(value, start, headerSize) {
			message := make([]byte, 0, headerSize+len(value))
			v.SetBytes(append(append(message, tagVersion, version), value...))
			return
		}
		d.pos, d.nextID = start, nextID
	}
	message, err := Options{Version: int(min(version, latestVersion))}.write(d.inForm(exact), exact)
	if err != nil {
		panic(failure{err})
	}
	d.pay(len(message), v.Type())
	v.SetBytes(message)
}

// pay fails when references made copies of the same objects over and over.
func (d *decoder) pay(n int, t reflect.Type) {
	if d.copied += n; d.copied > maxCopied(len(d.data)) {
		d.refuse("object that is referred to too often", t, OutOfRange)
	}
}

// maxCopied is how much may be copied of a message of n bytes: more than any makes without references.
func maxCopied(n int) int { return 32*n + 1<<12 }
