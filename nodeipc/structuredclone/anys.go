package structuredclone

// A short slice and the []any that an any of it points to are made together.
type (
	twoAnys struct {
		slice    []any
		elements [2]any
	}
	fourAnys struct {
		slice    []any
		elements [4]any
	}
)

// newAnys makes a slice of that length, and an any of it. Its place is its own, even if it is empty: that is its identity.
func newAnys(length uint32) (elements []any, boxed any) {
	switch {
	case length <= 2:
		short := new(twoAnys)
		short.slice = short.elements[:length:max(length, 1)]
		return short.slice, anySlice(&short.slice)
	case length <= 4:
		short := new(fourAnys)
		short.slice = short.elements[:length:length]
		return short.slice, anySlice(&short.slice)
	}
	elements = make([]any, length)
	return elements, elements
}
