package egg

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// string is the member's text, "" if it is not there.
func (o *object) string(key string) (text string, err error) {
	if !o.has(key) {
		return "", nil
	}
	if json.Unmarshal(o.values[key], &text) != nil {
		return "", fmt.Errorf("%s: %s is no text", key, o.values[key])
	}
	return text, nil
}

// number is the member's integer, which may be written as a text; 0 if it is not there, empty or false.
func (o *object) number(key string, from, to int) (int, error) {
	value := o.values[key]
	if !isTrue(value) {
		return 0, nil
	}
	text := string(value)
	if value[0] == '"' {
		text = decodeText(value)
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < from || n > to {
		return 0, fmt.Errorf("%s: %s is no number from %d to %d", key, value, from, to)
	}
	return n, nil
}
