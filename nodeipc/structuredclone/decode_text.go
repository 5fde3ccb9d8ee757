package structuredclone

// longString is how long a string is that may be a part of the data: a shorter one would keep much that is not its own.
const longString = 1 << 10

// string gives a text as Go has it.
func (d *decoder) string(t text) string {
	switch {
	case t.recent():
		return d.recent.string(t.raw)
	case d.aliasStrings && len(t.raw) >= longString && t.ascii():
		return stringOf(t.raw)
	}
	return t.String()
}

// stringAny is string in an any.
func (d *decoder) stringAny(t text) any {
	if t.recent() {
		return d.recent.any(&d.boxes, t.raw)
	}
	return d.boxes.string(d.string(t))
}

// recent says that the string may be one of the recent ones.
func (t text) recent() bool { return len(t.raw) <= maxRecent && t.ascii() }

// short reads a short string of ASCII, if that is next: it is what most keys and many values are.
func (d *decoder) short() (raw []byte, ok bool) {
	end, ok := endOfShort(d.data, d.pos)
	if !ok {
		return nil, false
	}
	if raw = d.data[d.pos+2 : end]; !isASCII(raw) {
		return nil, false
	}
	d.pos = end
	return raw, true
}

// key gives a property's name in UTF-8. It is valid until the next call.
func (d *decoder) key() []byte {
	if short, ok := d.short(); ok {
		return short
	}
	name, number, isNumber := d.scanner.key()
	switch {
	case isNumber:
		d.scratch = appendNumber(d.scratch[:0], number)
	case name.ascii():
		return name.raw
	default:
		d.scratch = name.appendTo(d.scratch[:0])
	}
	return d.scratch
}

// keyString is key as a string of its own.
func (d *decoder) keyString() string {
	if key, size := d.recent.likelyKey(d.data[d.pos:]); size > 0 {
		d.pos += size
		return key
	}
	return d.recent.key(d.key())
}
