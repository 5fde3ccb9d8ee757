package structuredclone

// Check reports whether data is a message, without making anything of it: nil, or the [*SyntaxError] that [Decode] would
// give. Only a key that an object has twice, [Duplicate], is not looked for.
func Check(data []byte) (err error) {
	defer catch(&err)
	s := newScanner(data)
	s.scan()
	return nil
}
