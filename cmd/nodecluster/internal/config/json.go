package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
)

// parseJSON reads JSON that a program has written, so that nobody wants to know where in it something stands.
func parseJSON(source []byte) (*value, error) {
	decoder := json.NewDecoder(bytes.NewReader(source))
	decoder.UseNumber()
	values := 0
	return decodeJSON(decoder, &values)
}

func decodeJSON(decoder *json.Decoder, values *int) (*value, error) {
	if *values++; *values > maxValues {
		return nil, errors.New("there is too much in it")
	}
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case bool:
		return &value{kind: boolean, text: strconv.FormatBool(t)}, nil
	case json.Number:
		return &value{kind: number, text: t.String()}, nil
	case string:
		return &value{kind: text, text: t}, nil
	case json.Delim:
		return decodeJSONInside(decoder, t, values)
	}
	return &value{}, nil
}

func decodeJSONInside(decoder *json.Decoder, open json.Delim, values *int) (*value, error) {
	v := &value{kind: list, list: []*value{}}
	if open == '{' {
		v = &value{kind: mapping}
	}
	seen := map[string]bool{}
	for decoder.More() {
		item, err := decodeJSON(decoder, values)
		if err != nil {
			return nil, err
		}
		if v.kind == list {
			v.list = append(v.list, item)
			continue
		}
		under, err := decodeJSON(decoder, values)
		if err != nil {
			return nil, err
		}
		if !seen[item.text] { // twice is possible in dump.pm2 alone, which a machine has written
			seen[item.text] = true
			v.pairs = append(v.pairs, pair{item, under})
		}
	}
	_, err := decoder.Token()
	return v, err
}

// json is a value as PM2 makes a text of it: a scalar as it is, and else JSON.
func (v *value) json() string {
	switch v.kind {
	case null:
		return "null"
	case list, mapping:
		text, err := json.Marshal(v.plain())
		if err != nil {
			return ""
		}
		return string(text)
	}
	return v.text
}

// plain is a value as encoding/json has it. The keys of an object come in the order of their names.
func (v *value) plain() any {
	switch v.kind {
	case boolean:
		return v.text == "true"
	case number:
		if !json.Valid([]byte(v.text)) { // such as 0x1F and .inf
			return v.text
		}
		return json.Number(v.text)
	case text:
		return v.text
	case list:
		items := []any{}
		for _, item := range v.list {
			items = append(items, item.plain())
		}
		return items
	case mapping:
		entries := map[string]any{}
		for _, p := range v.pairs {
			entries[p.key.text] = p.value.plain()
		}
		return entries
	}
	return nil
}
