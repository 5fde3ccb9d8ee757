package wire

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
)

// Value is a value as a message has it.
func Value(v any) json.RawMessage {
	raw, _ := json.Marshal(v)
	return raw
}

// IsNull reports whether a value is null or absent.
func IsNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// Text is a value as JavaScript writes it into a string.
func Text(raw json.RawMessage) string {
	if len(raw) == 0 {
		return "undefined"
	}
	var s string
	if json.Unmarshal(raw, &s) == nil && raw[0] == '"' {
		return s
	}
	return string(raw)
}

// Integer is a number without its fraction, or otherwise where there is none that a system call could mean. A UDP
// server's port comes as the program gave it, which is a string where it was read from the environment.
func Integer(raw json.RawMessage, otherwise int) int {
	n, err := strconv.ParseFloat(Text(raw), 64)
	if err != nil || !(math.Abs(n) <= math.MaxInt32) {
		return otherwise
	}
	return int(n)
}

// IsTrue reports whether a value is true, and not only as good as true.
func IsTrue(raw json.RawMessage) bool { return string(raw) == "true" }

// TextOrEmpty is a string, or nothing where there is none.
func TextOrEmpty(raw json.RawMessage) string {
	var s string
	json.Unmarshal(raw, &s)
	return s
}

// IsDeeper reports whether arrays and objects are nested in a value in more than so many levels.
func IsDeeper(raw json.RawMessage, levels int) bool {
	tokens := json.NewDecoder(bytes.NewReader(raw))
	for depth := 0; depth <= levels; {
		token, err := tokens.Token()
		if err != nil {
			return false
		}
		switch token {
		case json.Delim('['), json.Delim('{'):
			depth++
		case json.Delim(']'), json.Delim('}'):
			depth--
		}
	}
	return true
}
