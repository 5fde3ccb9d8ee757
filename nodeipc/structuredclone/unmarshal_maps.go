package structuredclone

import "reflect"

func mapDecoder(t reflect.Type) decodeFunc {
	key, elem := decoderOf(t.Key()), decoderOf(t.Elem())
	name := nameDecoder(t.Key())
	return func(d *decoder, v reflect.Value) {
		id := d.nextID
		if d.peek() == tagMap {
			d.tag()
			d.begin()
			d.mapFromMap(id, v, key, elem)
			return
		}
		d.beginObject(v)
		d.mapFromObject(id, v, name, elem)
	}
}

// decodeStringMap is for the map that any gets, and is quicker where it is that very map.
func decodeStringMap(general decodeFunc) decodeFunc {
	return func(d *decoder, v reflect.Value) {
		if d.peek() == tagObject && v.IsNil() {
			v.Set(reflect.ValueOf(d.inForm(plain)))
			return
		}
		general(d, v)
	}
}

// mapFromObject reads the properties of a plain object.
func (d *decoder) mapFromObject(id uint32, v reflect.Value, setKey nameFunc, elem decodeFunc) {
	d.makeMap(id, v, d.spans[d.nextID-1].count)
	fresh := v.Len() == 0
	entry := newMapEntry(v.Type())
	for n := 1; d.peek() != tagObjectEnd; n++ {
		start := d.pos
		name := d.keyString()
		entry.renew(d)
		d.path.push(name)
		d.into(entry.value, elem)
		setKey(d, name, entry.key)
		v.SetMapIndex(entry.key, entry.value)
		d.path.pop()
		if fresh && v.Len() != n {
			d.failAt(start, Duplicate, "the key %q is there twice", name)
		}
	}
	d.endObject()
}

func (d *decoder) makeMap(id uint32, v reflect.Value, count uint32) {
	if v.IsNil() {
		v.Set(reflect.MakeMapWithSize(v.Type(), int(count)))
	}
	d.rememberCopy(id, v)
}

// mapFromMap reads the entries of a Map.
func (d *decoder) mapFromMap(id uint32, v reflect.Value, key, elem decodeFunc) {
	d.makeMap(id, v, d.spans[id].count/2)
	entry := newMapEntry(v.Type())
	for d.peek() != tagMapEnd {
		entry.renew(d)
		start := d.pos
		d.into(entry.key, key)
		if !entry.key.Comparable() {
			d.refuseAt(start, "a Map's key", v.Type().Key(), BadValue)
		}
		d.into(entry.value, elem)
		v.SetMapIndex(entry.key, entry.value)
	}
	d.endObject()
}

// mapEntry is what one after the other of a map's entries is read into.
type mapEntry struct{ key, value reflect.Value }

func newMapEntry(t reflect.Type) mapEntry {
	return mapEntry{reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()}
}

// renew makes the entry zero.
func (e *mapEntry) renew(d *decoder) {
	if d.references {
		// The one before may be referred to.
		e.key, e.value = reflect.New(e.key.Type()).Elem(), reflect.New(e.value.Type()).Elem()
		return
	}
	e.key.SetZero()
	e.value.SetZero()
}
