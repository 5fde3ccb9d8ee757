package codec

// maxDepth is how deep JSON may be nested, as in encoding/json.
const maxDepth = 10000

// validJSON reports what encoding/json's Valid does, in less time, because it is called for every message.
func validJSON(b []byte) bool {
	var room [32]byte
	open := room[:0] // the ends of the arrays and objects that have begun
	i := 0
	for {
		if i = skipSpace(b, i); i == len(b) {
			return false
		}
		if first := b[i]; first == '[' || first == '{' {
			if len(open) == maxDepth {
				return false
			}
			end := first + 2 // '[' and ']' are two apart, and so are '{' and '}'
			if i = skipSpace(b, i+1); i == len(b) || b[i] != end {
				open = append(open, end)
				if end == '}' {
					i = skipKey(b, i)
				}
				if i < 0 {
					return false
				}
				continue
			}
			i++
		} else if i = skipScalar(b, i); i < 0 {
			return false
		}
		if open, i = skipEnds(b, i, open); len(open) == 0 {
			return i == len(b)
		}
		if i == len(b) || b[i] != ',' {
			return false
		}
		if i++; open[len(open)-1] == '}' {
			if i = skipKey(b, skipSpace(b, i)); i < 0 {
				return false
			}
		}
	}
}

// Each of these gives the index after what it is named for, which begins at i, or -1 where that is not there.

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\r' || b[i] == '\n') {
		i++
	}
	return i
}

// skipEnds takes the ends of arrays and objects off open, too.
func skipEnds(b []byte, i int, open []byte) ([]byte, int) {
	for i = skipSpace(b, i); i < len(b) && len(open) > 0 && b[i] == open[len(open)-1]; i = skipSpace(b, i+1) {
		open = open[:len(open)-1]
	}
	return open, i
}

// skipKey skips an object's key and the colon after it.
func skipKey(b []byte, i int) int {
	if i == len(b) || b[i] != '"' {
		return -1
	}
	if i = skipText(b, i); i < 0 {
		return -1
	}
	if i = skipSpace(b, i); i == len(b) || b[i] != ':' {
		return -1
	}
	return i + 1
}

func skipScalar(b []byte, i int) int {
	switch first := b[i]; {
	case first == '"':
		return skipText(b, i)
	case first == '-' || first >= '0' && first <= '9':
		return skipNumber(b, i)
	}
	for _, word := range [...]string{"true", "false", "null"} {
		if len(b)-i >= len(word) && string(b[i:i+len(word)]) == word {
			return i + len(word)
		}
	}
	return -1
}

func skipText(b []byte, i int) int {
	for i++; ; {
		if i += plain(b[i:]); i == len(b) {
			return -1
		}
		switch c := b[i]; {
		case c == '"':
			return i + 1
		case c == '\\':
			if i = skipEscape(b, i); i < 0 {
				return -1
			}
		case c < ' ':
			return -1
		default:
			for i < len(b) && b[i] >= 0x80 {
				i++
			}
		}
	}
}

func skipEscape(b []byte, i int) int {
	if i+1 == len(b) {
		return -1
	}
	switch b[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
		const size = 6
		if len(b)-i < size {
			return -1
		}
		for _, c := range b[i+2 : i+size] {
			if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F') {
				return -1
			}
		}
		return i + size
	}
	return -1
}

func skipNumber(b []byte, i int) int {
	if b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else if i = skipDigits(b, i); i < 0 {
		return -1
	}
	if i < len(b) && b[i] == '.' {
		if i = skipDigits(b, i+1); i < 0 {
			return -1
		}
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		return skipDigits(b, i)
	}
	return i
}

func skipDigits(b []byte, i int) int {
	start := i
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	if i == start {
		return -1
	}
	return i
}
