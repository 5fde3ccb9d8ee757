package structuredclone

// keep remembers an object for the references to it. Where it may contain itself that must be done first.
func (d *decoder) keep(id uint32, v any) any {
	if !d.references {
		return v
	}
	made := &d.made[d.form]
	if *made == nil {
		*made = make([]any, len(d.spans))
	}
	(*made)[id] = v
	return v
}

// known gives the object with that number if it was made in this form before.
func (d *decoder) known(id uint32) any {
	if made := d.made[d.form]; made != nil {
		return made[id]
	}
	return nil
}

// follow gives the object with that number, which is made now if it was not needed in this form before.
func (d *decoder) follow(id uint32) any {
	if made := d.known(id); made != nil {
		return made
	}
	var v any
	d.revisit(id, func() { v = d.value() })
	return v
}

// revisit calls read at the object with that number, and comes back.
func (d *decoder) revisit(id uint32, read func()) {
	d.enter()
	pos, nextID := d.pos, d.nextID
	d.pos, d.nextID = int(d.spans[id].start), id
	read()
	d.pos, d.nextID = pos, nextID
	d.leave()
}
