package structuredclone

import "reflect"

func sliceDecoder(t reflect.Type) decodeFunc {
	elem := decoderOf(t.Elem())
	isBytes := t.Elem().Kind() == reflect.Uint8
	return func(d *decoder, v reflect.Value) {
		tag := d.peek()
		id, start := d.nextID, d.pos
		d.tag()
		switch tag {
		case tagDense:
			d.begin()
			length := d.denseLength()
			makeSlice(v, int(length))
			d.rememberCopy(id, v)
			d.denseInto(v, d.floatsInto(v), length, elem)
		case tagSparse:
			d.begin()
			length := d.varint()
			if uint64(length) > uint64(d.slots) {
				d.refuseAt(start, "Array that is nearly all holes", t, BadValue)
			}
			d.slots -= int(length)
			makeSlice(v, int(length))
			d.rememberCopy(id, v)
			d.sparseInto(v, length, elem)
		case tagSet:
			d.begin()
			d.setInto(v, elem)
		case tagBuffer, tagResizable:
			d.begin()
			if raw, _ := d.buffer(tag); isBytes {
				v.SetBytes(d.bytes(raw))
				return
			}
			d.mismatchAt(start, v)
		case tagHostObject:
			d.begin()
			d.viewInto(start, v)
		default:
			d.mismatchAt(start, v)
		}
	}
}

// makeSlice makes a new one of that length.
func makeSlice(v reflect.Value, length int) {
	if length == 0 {
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		return
	}
	v.SetZero()
	v.Grow(length)
	v.SetLen(length)
}

func arrayDecoder(t reflect.Type) decodeFunc {
	elem := decoderOf(t.Elem())
	return func(d *decoder, v reflect.Value) {
		tag := d.peek()
		start := d.pos
		d.tag()
		v.SetZero()
		switch tag {
		case tagDense:
			d.begin()
			d.denseInto(v, 0, d.denseLength(), elem)
		case tagSparse:
			d.begin()
			d.sparseInto(v, d.varint(), elem)
		default:
			d.mismatchAt(start, v)
		}
	}
}

// floatsInto stores the first elements of a dense array as far as they are numbers, if v is made for that, and says how
// many.
func (d *decoder) floatsInto(v reflect.Value) int {
	floats, ok := v.Addr().Interface().(*[]float64)
	if !ok {
		return 0
	}
	for i := range *floats {
		switch tag := d.peek(); tag {
		case tagDouble, tagInt32:
			d.pos++
			(*floats)[i] = d.number(tag)
		default:
			return i
		}
	}
	return len(*floats)
}

// denseInto stores as many of the elements of a dense array as v has places for, from the one at i on.
func (d *decoder) denseInto(v reflect.Value, i int, length uint32, elem decodeFunc) {
	for ; i < int(length); i++ {
		switch {
		case d.hole():
			d.holeInto(v, i)
		case i < v.Len():
			d.into(v.Index(i), elem)
		default:
			d.skip()
		}
	}
	d.skipProperties(tagDenseEnd)
	d.varint()
}

func (d *decoder) holeInto(v reflect.Value, i int) {
	if i < v.Len() && v.Type().Elem().Kind() == reflect.Interface && v.Type().Elem().NumMethod() == 0 {
		v.Index(i).Set(reflect.ValueOf(Hole{}))
	}
}

func (d *decoder) sparseInto(v reflect.Value, length uint32, elem decodeFunc) {
	for i := range v.Len() {
		if uint32(i) < length {
			d.holeInto(v, i)
		}
	}
	d.eachElement(length, func(i uint32) {
		if int(i) < v.Len() {
			d.into(v.Index(int(i)), elem)
		} else {
			d.skip()
		}
	})
}

func (d *decoder) setInto(v reflect.Value, elem decodeFunc) {
	values := reflect.MakeSlice(v.Type(), 0, 0)
	for d.peek() != tagSetEnd {
		value := reflect.New(v.Type().Elem()).Elem()
		d.into(value, elem)
		values = reflect.Append(values, value)
	}
	d.endObject()
	v.Set(values)
}
