package firstbytes

import "bytes"

// Header finds the value of a header field of an HTTP/1 request, up to the first comma: of X-Forwarded-For that is the client.
func Header(name string) Finder {
	field := []byte(name)
	return fields(func(fieldName, value []byte) ([]byte, bool) {
		if !bytes.EqualFold(fieldName, field) {
			return nil, false
		}
		first, _, _ := bytes.Cut(value, []byte(","))
		return bytes.TrimSpace(first), true
	})
}

// Cookie finds the value of a cookie of an HTTP/1 request, as it is written.
func Cookie(name string) Finder {
	cookie := []byte(name)
	return fields(func(fieldName, value []byte) ([]byte, bool) {
		if !bytes.EqualFold(fieldName, []byte("Cookie")) {
			return nil, false
		}
		return pair(value, cookie, ';')
	})
}

// Query finds the value of a parameter of the query of an HTTP/1 request, as it is written.
func Query(name string) Finder {
	parameter := []byte(name)
	return func(head []byte) Result {
		line, _, ok := requestLine(head)
		if !ok {
			return Result{}
		}
		if line == nil {
			return more
		}
		_, target, _ := bytes.Cut(line, []byte(" "))
		target, _, _ = bytes.Cut(target, []byte(" "))
		target, _, _ = bytes.Cut(target, []byte("#"))
		_, query, _ := bytes.Cut(target, []byte("?"))
		value, _ := pair(query, parameter, '&')
		return byText(value)
	}
}

// fields is a Finder that asks find for each header field of an HTTP/1 request, until that reports true.
func fields(find func(name, value []byte) (key []byte, ok bool)) Finder {
	return func(head []byte) Result {
		line, rest, ok := requestLine(head)
		if !ok {
			return Result{}
		}
		for line != nil {
			if line, rest = cutLine(rest); line == nil {
				break
			}
			if len(line) == 0 {
				return Result{}
			}
			name, value, _ := bytes.Cut(line, []byte(":"))
			if key, ok := find(name, bytes.TrimSpace(value)); ok {
				return byText(key)
			}
		}
		return more
	}
}

// requestLine returns the first line of a request, nil if that is not all there, and what follows it. ok is false for what is no request of
// HTTP/1, as far as can be seen.
func requestLine(head []byte) (line, rest []byte, ok bool) {
	head = bytes.TrimLeft(head, "\r\n") // as Node does
	if len(head) > 0 && (head[0] < 'A' || head[0] > 'Z') {
		return nil, nil, false
	}
	line, rest = cutLine(head)
	return line, rest, line == nil || bytes.Contains(line, []byte(" HTTP/1."))
}

// cutLine returns the first line, without its end, and what follows it. line is nil if it has no end.
func cutLine(head []byte) (line, rest []byte) {
	i := bytes.IndexByte(head, '\n')
	if i < 0 {
		return nil, nil
	}
	return bytes.TrimSuffix(head[:i:i], []byte("\r")), head[i+1:]
}

// pair returns the value of the first NAME=VALUE of a list with this name.
func pair(list, name []byte, separator byte) (value []byte, ok bool) {
	for len(list) > 0 {
		var entry []byte
		entry, list, _ = bytes.Cut(list, []byte{separator})
		key, value, _ := bytes.Cut(bytes.TrimSpace(entry), []byte("="))
		if bytes.Equal(key, name) {
			return value, true
		}
	}
	return nil, false
}
