package structuredclone

import "reflect"

func structEncoder(t reflect.Type) encodeFunc {
	s := structOf(t)
	encoders := make([]encodeFunc, len(s.fields))
	for i := range s.fields {
		encoders[i] = fieldEncoder(&s.fields[i])
	}
	return func(e *encoder, v reflect.Value) {
		e.enter(nil)
		e.begin(tagObject)
		written := 0
		for i := range s.fields {
			f := &s.fields[i]
			value, ok := dig(v, f.index)
			if !ok || f.omitted(value) {
				continue
			}
			e.path.push(f.name)
			if f.key != nil {
				e.out = append(e.out, f.key...)
			} else {
				e.key(f.name)
			}
			encoders[i](e, value)
			e.path.pop()
			written++
		}
		e.byte(tagObjectEnd)
		e.varint(uint32(written))
		e.leave()
	}
}

// fixedKey gives a name as it is written, or nil for one that may need padding before it.
func fixedKey(name string) []byte {
	var e encoder
	if e.key(name); e.out[0] == tagOneByte || e.out[0] == tagInt32 {
		return e.out
	}
	return nil
}

// dig finds a field, unless a pointer to an embedded struct on the way is nil.
func dig(v reflect.Value, index []int) (reflect.Value, bool) {
	if len(index) == 1 {
		return v.Field(index[0]), true
	}
	for n, i := range index {
		if n > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return v, false
			}
			v = v.Elem()
		}
		v = v.Field(i)
	}
	return v, true
}

// fieldEncoder writes the value of a field, within a string if the field's tag asks for that.
func fieldEncoder(f *field) encodeFunc {
	encode := encoderOf(f.typ)
	if !f.quoted {
		return encode
	}
	return func(e *encoder, v reflect.Value) {
		if v.Kind() == reflect.Pointer && v.IsNil() {
			e.byte(tagNull)
			return
		}
		e.quoted(v.Interface())
	}
}
