package structuredclone

// Value is a JavaScript value, as [Decode] gives it and [Encode] takes it; the package documentation has the
// table of the Go types. Everything that has an identity in JavaScript is a pointer: the same pointer twice
// is the same object twice, and a value may contain itself.
type Value = any

// Undefined is JavaScript's undefined.
type Undefined struct{}

// Hole is an array's place without an element. It is found in arrays only.
type Hole struct{}

// Property is one own property of an object.
type Property struct {
	Key   string
	Value Value
}

// Object is a plain object, with its properties in order. JavaScript moves keys that are array indices
// ("0" to "4294967294") before all others, in ascending order. No key may be there twice.
type Object struct {
	Properties []Property
	// Host says that Node sent a copy of the own properties of one of its native objects, such as a handle.
	Host bool
}

// Get gives the value at key, and whether there is one.
func (o *Object) Get(key string) (Value, bool) { return get(o.Properties, key) }

// Set replaces the value at key, or adds it at the end.
func (o *Object) Set(key string, v Value) {
	for i := range o.Properties {
		if o.Properties[i].Key == key {
			o.Properties[i].Value = v
			return
		}
	}
	o.Properties = append(o.Properties, Property{key, v})
}

func get(properties []Property, key string) (Value, bool) {
	for _, p := range properties {
		if p.Key == key {
			return p.Value, true
		}
	}
	return nil, false
}

// Array is an array in one of the two forms that V8 writes. Dense, which is how it writes an array that never
// had a hole, has all elements in Elements. Sparse has each element as a property whose key is its index, and
// costs nothing for the holes.
type Array struct {
	// Elements are those of a dense array, whose length is theirs. A [Hole] may be among them.
	Elements []Value
	// Properties has what else the array has: of a sparse array the elements too.
	Properties []Property
	Sparse     bool
	// Length is that of a sparse array.
	Length uint32
}

// Len is the array's length in JavaScript.
func (a *Array) Len() uint32 {
	if a.Sparse {
		return a.Length
	}
	return uint32(len(a.Elements))
}

// Index gives the element at i, [Hole] where there is none.
func (a *Array) Index(i uint32) Value {
	if !a.Sparse && uint64(i) < uint64(len(a.Elements)) {
		return a.Elements[i]
	}
	for _, p := range a.Properties {
		if index, ok := arrayIndex(p.Key); ok && index == i {
			return p.Value
		}
	}
	return Hole{}
}

// Entry is one of a [Map].
type Entry struct {
	Key, Value Value
}

// Map is a JavaScript Map: entries in order, whose keys may be any values.
type Map struct {
	Entries []Entry
}

// Set is a JavaScript Set: values in order.
type Set struct {
	Values []Value
}
