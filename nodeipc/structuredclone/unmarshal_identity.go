package structuredclone

import "reflect"

// typedKey is an object's number and a type that it was unmarshalled into.
type typedKey struct {
	id  uint32
	typ reflect.Type
}

type typedValue struct {
	value reflect.Value
	// done is false while the value is still being filled, and may be copied by reference only.
	done bool
}

// into stores the next value in v, whose decoder is given. An object that was stored in a value of that type
// before is that same value.
func (d *decoder) into(v reflect.Value, decode decodeFunc) {
	if d.references {
		d.intoShared(v, decode)
	} else {
		decode(d, v)
	}
}

// intoShared is into where there are references.
func (d *decoder) intoShared(v reflect.Value, decode decodeFunc) {
	switch tag := d.peek(); {
	case tag == tagReference:
		d.tag()
		d.followInto(d.scanner.reference(), v, decode)
	case isObject(tag):
		d.objectInto(d.nextID, v, decode)
	default:
		decode(d, v)
	}
}

func isObject(tag byte) bool {
	switch tag {
	case tagUndefined, tagNull, tagTrue, tagFalse, tagInt32, tagUint32, tagDouble, tagBigInt,
		tagOneByte, tagTwoByte, tagUTF8, tagReference:
		return false
	}
	return true
}

func (d *decoder) followInto(id uint32, v reflect.Value, decode decodeFunc) {
	if known, ok := d.typed[typedKey{id, v.Type()}]; ok {
		d.share(known, v)
		return
	}
	d.revisit(id, func() { d.objectInto(id, v, decode) })
}

func (d *decoder) objectInto(id uint32, v reflect.Value, decode decodeFunc) {
	if known, ok := d.typed[typedKey{id, v.Type()}]; ok {
		d.share(known, v)
		d.jump(id)
		return
	}
	var filling *typedValue
	switch v.Kind() {
	case reflect.Struct, reflect.Array:
		filling = d.remember(id, v, false)
		if v.CanAddr() {
			d.remember(id, v.Addr(), true)
		}
	}
	d.enter()
	decode(d, v)
	d.leave()
	switch v.Kind() {
	case reflect.Struct, reflect.Array:
		filling.done = true
	case reflect.Interface:
		// The decoder has it by its form.
	case reflect.Pointer, reflect.Map, reflect.Slice:
		if _, ok := d.typed[typedKey{id, v.Type()}]; !ok {
			d.remember(id, v, true)
		}
	default:
		d.rememberCopy(id, v)
	}
}

func (d *decoder) share(known *typedValue, v reflect.Value) {
	if !known.done {
		d.refuse(typeName(tagObject)+" that contains itself", v.Type(), Cycle)
	}
	v.Set(known.value)
}

// rememberCopy notes that the object with that number is what v has now, if that matters.
func (d *decoder) rememberCopy(id uint32, v reflect.Value) {
	if d.references {
		d.remember(id, reflect.ValueOf(v.Interface()), true)
	}
}

// remember notes that the object with that number is v.
func (d *decoder) remember(id uint32, v reflect.Value, done bool) *typedValue {
	if d.typed == nil {
		d.typed = map[typedKey]*typedValue{}
	}
	known := &typedValue{v, done}
	d.typed[typedKey{id, v.Type()}] = known
	return known
}
