package structuredclone

import "reflect"

// The functions of this file read values in the form that they nearly always have, and leave the others to decode.

// quickBool is for types of bool.
func quickBool(decode decodeFunc) decodeFunc {
	return func(d *decoder, v reflect.Value) {
		switch d.peek() {
		case tagTrue, tagFalse:
			v.SetBool(d.tag() == tagTrue)
		default:
			decode(d, v)
		}
	}
}

// quickInt is for types of integers with a sign.
func quickInt(decode decodeFunc) decodeFunc {
	return func(d *decoder, v reflect.Value) {
		start := d.pos
		if d.peek() == tagInt32 {
			d.pos++
			if n := int64(d.int32()); !v.OverflowInt(n) {
				v.SetInt(n)
				return
			}
			d.pos = start
		}
		decode(d, v)
	}
}

// quickFloat is for types of floats.
func quickFloat(decode decodeFunc) decodeFunc {
	return func(d *decoder, v reflect.Value) {
		if d.peek() == tagDouble && v.Kind() == reflect.Float64 {
			d.pos++
			v.SetFloat(d.double())
			return
		}
		decode(d, v)
	}
}

// quickString is for types of strings.
func quickString(decode decodeFunc) decodeFunc {
	return func(d *decoder, v reflect.Value) {
		if short, ok := d.short(); ok {
			v.SetString(d.recent.string(short))
			return
		}
		decode(d, v)
	}
}
