package structuredclone

import (
	"math"
	"math/big"
	"reflect"
	"strconv"
	"time"
)

// unbox gives the tag of the next primitive, read, looking into an object that boxes it.
func (d *decoder) unbox() byte {
	switch tag := d.peek(); tag {
	case tagTrueBox, tagFalseBox, tagNumberBox, tagBigIntBox, tagStringBox:
		d.tag()
		d.begin()
		switch tag {
		case tagTrueBox:
			return tagTrue
		case tagFalseBox:
			return tagFalse
		case tagNumberBox:
			return tagDouble
		case tagBigIntBox:
			return tagBigInt
		}
	}
	return d.tag()
}

// primitive says what the next value is, or is when it is unboxed, without reading it.
func (d *decoder) primitive() string {
	switch tag := d.peek(); tag {
	case tagTrueBox, tagFalseBox:
		return "boolean"
	case tagNumberBox:
		return "number"
	case tagBigIntBox:
		return "bigint"
	case tagStringBox:
		return "string"
	default:
		return typeName(tag)
	}
}

func decodeBool(d *decoder, v reflect.Value) {
	if d.primitive() != "boolean" {
		d.mismatch(v)
	}
	v.SetBool(d.unbox() == tagTrue)
}

func decodeString(d *decoder, v reflect.Value) {
	switch {
	case d.primitive() == "string":
		v.SetString(d.string(d.text(d.unbox())))
	case v.Type() == jsonNumber && d.primitive() == "number":
		v.SetString(string(appendNumber(nil, d.number(d.unbox()))))
	default:
		d.mismatch(v)
	}
}

func decodeFloat(d *decoder, v reflect.Value) {
	if d.primitive() != "number" {
		d.mismatch(v)
	}
	start := d.pos
	f := d.number(d.unbox())
	if v.OverflowFloat(f) {
		d.refuseNumber(start, f, v)
	}
	v.SetFloat(f)
}

func (d *decoder) refuseNumber(start int, f float64, v reflect.Value) {
	d.refuseAt(start, "number "+string(appendNumber(nil, f)), v.Type(), BadValue)
}

func decodeInt(d *decoder, v reflect.Value) {
	what, start := d.primitive(), d.pos
	switch what {
	case "number":
		f := d.number(d.unbox())
		n := int64(f)
		// Converting a float that is out of range gives any integer, the one at its edge perhaps.
		if float64(n) != f || f >= math.MaxInt64 || v.OverflowInt(n) {
			d.refuseNumber(start, f, v)
		}
		v.SetInt(n)
	case "bigint":
		d.unbox()
		n := d.bigInt()
		if !n.IsInt64() || v.OverflowInt(n.Int64()) {
			d.refuseAt(start, what, v.Type(), BadValue)
		}
		v.SetInt(n.Int64())
	default:
		d.mismatch(v)
	}
}

func decodeUint(d *decoder, v reflect.Value) {
	what, start := d.primitive(), d.pos
	switch what {
	case "number":
		f := d.number(d.unbox())
		if f < 0 || f >= math.MaxUint64 || math.Trunc(f) != f || v.OverflowUint(uint64(f)) {
			d.refuseNumber(start, f, v)
		}
		v.SetUint(uint64(f))
	case "bigint":
		d.unbox()
		n := d.bigInt()
		if !n.IsUint64() || v.OverflowUint(n.Uint64()) {
			d.refuseAt(start, what, v.Type(), BadValue)
		}
		v.SetUint(n.Uint64())
	default:
		d.mismatch(v)
	}
}

func decodeBigInt(d *decoder, v reflect.Value) {
	n := v.Addr().Interface().(*big.Int)
	switch what, start := d.primitive(), d.pos; what {
	case "bigint":
		d.unbox()
		n.Set(d.bigInt())
	case "number":
		f := d.number(d.unbox())
		if math.Trunc(f) != f || math.IsInf(f, 0) {
			d.refuseNumber(start, f, v)
		}
		new(big.Float).SetFloat64(f).Int(n)
	default:
		d.mismatch(v)
	}
}

func decodeTime(d *decoder, v reflect.Value) {
	switch what, start := d.primitive(), d.pos; what {
	case "Date":
		d.tag()
		d.begin()
		date := Date{d.double()}
		t, ok := date.Time()
		if !ok {
			d.refuseAt(start, "invalid Date", v.Type(), BadValue)
		}
		v.Set(reflect.ValueOf(t))
	case "string":
		// As encoding/json and JSON.stringify write a date.
		text := d.text(d.unbox()).String()
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			d.refuseAt(start, "string "+strconv.Quote(text), v.Type(), BadValue)
		}
		v.Set(reflect.ValueOf(t))
	default:
		d.mismatch(v)
	}
}
