package structuredclone

func (d *decoder) plainObject(id uint32) any {
	if d.form == exact {
		o := &Object{}
		d.keep(id, o)
		o.Properties = d.properties(id, tagObjectEnd)
		return o
	}
	m := make(map[string]any, d.spans[id].count)
	d.keep(id, m)
	for n := 1; d.peek() != tagObjectEnd; n++ {
		start := d.pos
		key := d.keyString()
		m[key] = d.value()
		if len(m) != n {
			d.failAt(start, Duplicate, "the key %q is there twice", key)
		}
	}
	d.pos++
	d.varint()
	return m
}

// properties reads the properties of the object with that number, their end tag and count.
func (d *decoder) properties(id uint32, end byte) []Property {
	start := d.pos
	var properties []Property
	if count := d.spans[id].count; count > 0 {
		properties = make([]Property, 0, count)
	}
	for d.peek() != end {
		key := d.keyString()
		properties = append(properties, Property{key, d.value()})
	}
	d.pos++
	d.varint()
	if key, found := duplicate(properties); found {
		d.failAt(start, Duplicate, "the key %q is there twice", key)
	}
	return properties
}

func duplicate(properties []Property) (key string, found bool) {
	const few = 32
	if len(properties) <= few {
		for i, p := range properties {
			for _, q := range properties[:i] {
				if p.Key == q.Key {
					return p.Key, true
				}
			}
		}
		return "", false
	}
	seen := make(map[string]struct{}, len(properties))
	for i, p := range properties {
		if seen[p.Key] = struct{}{}; len(seen) != i+1 {
			return p.Key, true
		}
	}
	return "", false
}

func (d *decoder) mapEntries(id uint32) any {
	m := &Map{}
	d.keep(id, m)
	if count := d.spans[id].count; count > 0 {
		m.Entries = make([]Entry, 0, count/2)
	}
	for d.peek() != tagMapEnd {
		key := d.value()
		m.Entries = append(m.Entries, Entry{key, d.value()})
	}
	d.pos++
	d.varint()
	return m
}

func (d *decoder) setValues(id uint32) any {
	s := &Set{}
	d.keep(id, s)
	if count := d.spans[id].count; count > 0 {
		s.Values = make([]any, 0, count)
	}
	for d.peek() != tagSetEnd {
		s.Values = append(s.Values, d.value())
	}
	d.pos++
	d.varint()
	return s
}

func (d *decoder) errorObject(id uint32) any {
	e := &Error{}
	d.keep(id, e)
	e.Name = d.errorParts(func(part byte) {
		switch part {
		case errorMessage:
			if e.Message = d.string(d.someText("")); e.Message == "" {
				e.Empty |= ErrorMessage
			}
		case errorStack:
			if e.Stack = d.string(d.someText("")); e.Stack == "" {
				e.Empty |= ErrorStack
			}
		case errorCause:
			if e.Cause = d.value(); e.Cause == nil {
				e.Empty |= ErrorCause
			}
		}
	})
	if e.Name == "" {
		e.Name = "Error"
	}
	return e
}

func (d *decoder) hostObject(id uint32) any {
	if d.hostKind() == hostView {
		kind, raw := d.view()
		if kind == Buffer && d.form == plain {
			return d.keep(id, d.bytes(raw))
		}
		return d.keep(id, &View{kind, d.bytes(raw)})
	}
	o := d.object(d.tag())
	if o, ok := o.(*Object); ok {
		o.Host = true
	}
	return d.keep(id, o)
}
