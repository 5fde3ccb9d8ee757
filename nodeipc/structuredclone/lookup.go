package structuredclone

// Lookup gives the string that a message's object has at the key, such as "cmd", and makes nothing of the rest:
// all that it allocates is that string. It is false where the message is no plain object, where the object has
// no such key, or has something other than a string there. What comes after the key is not read: another
// call finds out whether the message is right at all.
func Lookup(data []byte, key string) (value string, ok bool) {
	t, ok := lookup(data, key)
	if !ok {
		return "", false
	}
	return t.String(), true
}

// AppendLookup is [Lookup] that appends the string to dst, in UTF-8, and allocates nothing where dst has room.
func AppendLookup(dst, data []byte, key string) (value []byte, ok bool) {
	t, ok := lookup(data, key)
	switch {
	case !ok:
		return dst, false
	case t.ascii():
		return append(dst, t.raw...), true
	}
	return t.appendTo(dst), true
}

func lookup(data []byte, key string) (value text, ok bool) {
	var failed error // for which there is nothing to be found either
	defer catch(&failed)
	s := newScanner(data)
	s.header()
	tag := s.tag()
	if tag == tagHostObject && s.hostKind() == hostPlain {
		s.begin()
		tag = s.tag()
	}
	if tag != tagObject {
		return text{}, false
	}
	s.begin()
	for s.peek() != tagObjectEnd {
		if name, number, isNumber := s.key(); !is(key, name, number, isNumber) {
			s.skip()
			continue
		}
		switch tag := s.tag(); tag {
		case tagOneByte, tagTwoByte, tagUTF8:
			return s.text(tag), true
		}
		return text{}, false
	}
	return text{}, false
}

// is reports whether a property's name, as the scanner gives it, is that key.
func is(key string, name text, number float64, isNumber bool) bool {
	// Enough for any number, and for keys as they are in messages.
	var room [64]byte
	switch {
	case isNumber:
		return string(appendNumber(room[:0], number)) == key
	case name.ascii():
		return string(name.raw) == key
	case name.size() > 2*len(key) && name.tag != tagUTF8:
		return false
	}
	return string(name.appendTo(room[:0])) == key
}
