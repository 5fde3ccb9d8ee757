package structuredclone

import "bytes"

// Decode gives the value of a message, which begins with its header, as it is in JavaScript; the package
// documentation says which Go type is what. Nothing of it refers to data. [Encode] writes it back as it was,
// but for what V8 itself chooses in one way or another: strings that fit are written with one byte a
// character, and an Error's stack before its cause, as every Node reads it. Errors are of type [*SyntaxError].
func Decode(data []byte) (Value, error) { return Options{}.Decode(data) }

// Decode is [Decode] with these options.
func (o Options) Decode(data []byte) (v Value, err error) {
	d := newDecoder(data)
	defer d.free()
	defer catch(&err)
	d.alias, d.aliasStrings = o.Alias, o.AliasStrings
	d.check()
	d.form = exact
	return d.value(), nil
}

// value makes the next value in the decoder's form.
func (d *decoder) value() any {
	tag := d.peek()
	if tag == tagOneByte {
		if short, ok := d.short(); ok {
			return d.recent.any(&d.boxes, short)
		}
	}
	d.pos++
	switch tag {
	case tagUndefined:
		return Undefined{}
	case tagNull:
		return nil
	case tagTrue:
		return true
	case tagFalse:
		return false
	case tagInt32:
		if d.form == exact {
			return d.boxes.int32(d.int32())
		}
		return d.boxes.number(d.int32())
	case tagUint32, tagDouble:
		return d.boxes.float64(d.number(tag))
	case tagBigInt:
		return d.bigInt()
	case tagOneByte, tagTwoByte, tagUTF8:
		return d.stringAny(d.text(tag))
	case tagReference:
		return d.follow(d.scanner.reference())
	default:
		return d.object(tag)
	}
}

// object makes the object of which the tag was read.
func (d *decoder) object(tag byte) any {
	if made := d.known(d.nextID); made != nil {
		d.jump(d.nextID)
		return made
	}
	d.enter()
	id := d.begin()
	var made any
	switch tag {
	case tagObject:
		made = d.plainObject(id)
	case tagDense:
		made = d.dense(id)
	case tagSparse:
		made = d.sparse(id)
	case tagMap:
		made = d.mapEntries(id)
	case tagSet:
		made = d.setValues(id)
	case tagError:
		made = d.errorObject(id)
	case tagHostObject:
		made = d.hostObject(id)
	default:
		made = d.keep(id, d.leaf(tag))
	}
	d.leave()
	return made
}

// leaf makes an object that contains no other.
func (d *decoder) leaf(tag byte) any {
	switch tag {
	case tagDate:
		return d.date()
	case tagTrueBox, tagFalseBox:
		return &Boxed{tag == tagTrueBox}
	case tagNumberBox:
		return &Boxed{d.double()}
	case tagBigIntBox:
		return &Boxed{d.bigInt()}
	case tagStringBox:
		return &Boxed{d.string(d.someText(""))}
	case tagRegExp:
		source, flags := d.regExp()
		return &RegExp{d.string(source), flags}
	}
	raw, maxByteLength := d.buffer(tag)
	return &ArrayBuffer{d.bytes(raw), tag == tagResizable, maxByteLength}
}

// bytes gives bytes of the data to be kept. They are at a place of their own, even where they are none.
func (d *decoder) bytes(raw []byte) []byte {
	switch {
	case len(raw) == 0:
		return make([]byte, 0, 1)
	case d.alias:
		return raw[:len(raw):len(raw)]
	}
	return bytes.Clone(raw)
}

func (d *decoder) date() any {
	date := Date{d.double()}
	if d.form == plain {
		if t, ok := date.Time(); ok {
			return t
		}
	}
	return &date
}
