package structuredclone

import "reflect"

// refersTo writes a reference if what v points to was written before; else the next object is that.
func (e *encoder) refersTo(v reflect.Value, typ uint32) bool {
	i := identity{pointer: v.UnsafePointer(), typ: typ}
	if e.again(i, nil) {
		return true
	}
	e.ids.add(i, e.nextID)
	return false
}

func pointerEncoder(t reflect.Type) encodeFunc {
	elem, number := encoderOf(t.Elem()), numberOf(t)
	return func(e *encoder, v reflect.Value) {
		if v.IsNil() {
			e.byte(tagNull)
			return
		}
		i := identity{pointer: v.UnsafePointer(), typ: number}
		if id, ok := e.ids.find(i); ok && id == notAnObject {
			elem(e, v.Elem())
			return
		}
		if e.again(i, nil) {
			return
		}
		before := e.nextID
		e.ids.add(i, before)
		e.enter(nil)
		elem(e, v.Elem())
		e.leave()
		if e.nextID == before {
			// It was a primitive, which has no identity in JavaScript.
			e.ids.set(i, notAnObject)
		}
	}
}

func sliceEncoder(t reflect.Type) encodeFunc {
	if t.Elem().Kind() == reflect.Uint8 && !reflect.PointerTo(t.Elem()).Implements(textMarshalerType) &&
		!reflect.PointerTo(t.Elem()).Implements(jsonMarshalerType) {
		return func(e *encoder, v reflect.Value) { e.bytes(v.Bytes()) }
	}
	array, number := arrayEncoder(t), numberOf(t)
	if t.Elem() == reflect.TypeFor[float64]() {
		array = encodeFloat64s
	}
	return func(e *encoder, v reflect.Value) {
		if v.IsNil() {
			e.byte(tagNull)
			return
		}
		if v.Cap() == 0 || e.onceSlice(number, v.UnsafePointer(), v.Len()) {
			array(e, v)
		}
	}
}

func arrayEncoder(t reflect.Type) encodeFunc {
	elem := encoderOf(t.Elem())
	return func(e *encoder, v reflect.Value) {
		e.enter(nil)
		e.begin(tagDense)
		e.length(v.Len(), nil)
		for i := range v.Len() {
			item := v.Index(i)
			if item.Kind() == reflect.Interface && item.Elem().IsValid() && item.Elem().Type() == reflect.TypeFor[Hole]() {
				e.byte(tagHole)
				continue
			}
			elem(e, item)
		}
		e.endDense(0, v.Len())
		e.leave()
	}
}
