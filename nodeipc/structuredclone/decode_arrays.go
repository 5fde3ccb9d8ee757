package structuredclone

func (d *decoder) dense(id uint32) any {
	length := d.denseLength()
	if d.form == plain {
		elements, made := newAnys(length)
		d.keep(id, made)
		d.elementsInto(elements)
		d.skipProperties(tagDenseEnd)
		d.varint()
		return made
	}
	elements := make([]any, length)
	a := &Array{Elements: elements}
	d.keep(id, a)
	d.elementsInto(elements)
	start := d.pos
	a.Properties = d.properties(id, tagDenseEnd)
	d.varint()
	for _, p := range a.Properties {
		index, ok := arrayIndex(p.Key)
		if p.Key == "length" || ok && index < length && elements[index] != (Hole{}) {
			d.failAt(start, Duplicate, "an array has %q twice", p.Key)
		}
	}
	return a
}

func (d *decoder) elementsInto(elements []any) {
	for i := 0; i < len(elements); i++ {
		switch doubles := d.doublesAhead(len(elements) - i); {
		case doubles > 0:
			d.doublesInto(elements[i : i+doubles])
			i += doubles - 1
		case d.hole():
			elements[i] = Hole{}
		default:
			elements[i] = d.value()
		}
	}
}

func (d *decoder) doublesInto(elements []any) {
	for len(elements) > 0 {
		places := d.boxes.float64s.some(len(elements))
		for i := range places {
			places[i] = d.nextDouble()
			elements[i] = anyFloat64(&places[i])
		}
		elements = elements[len(places):]
	}
}

func (d *decoder) sparse(id uint32) any {
	length := d.varint()
	if d.form == plain && uint64(length) <= uint64(d.slots) {
		d.slots -= int(length)
		return d.filled(id, length)
	}
	a := &Array{Sparse: true, Length: length}
	d.keep(id, a)
	start := d.pos
	a.Properties = d.properties(id, tagSparseEnd)
	d.varint()
	if _, found := get(a.Properties, "length"); found {
		d.failAt(start, Duplicate, "an array has %q twice", "length")
	}
	return a
}

// filled makes a sparse array the slice that it is with all holes in it.
func (d *decoder) filled(id, length uint32) any {
	elements, made := newAnys(length)
	for i := range elements {
		elements[i] = Hole{}
	}
	d.keep(id, made)
	d.eachElement(length, func(i uint32) {
		if elements[i] != (Hole{}) {
			d.failAt(d.pos, Duplicate, "an array has %d twice", i)
		}
		elements[i] = d.value()
	})
	return made
}

// eachElement reads the properties of a sparse array, its end tag and count. It calls read where an element is
// to be read and passes over all else that the array has.
func (d *decoder) eachElement(length uint32, read func(i uint32)) {
	for d.peek() != tagSparseEnd {
		if i, ok := arrayIndex(d.key()); ok && i < length {
			read(i)
		} else {
			d.skip()
		}
	}
	d.pos++
	d.varint()
	d.varint()
}
