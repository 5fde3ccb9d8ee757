package table

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/secrets"
)

// configuration is a configuration as lines, in the order in which it is written. Fields that this version does not know are shown too.
func (o Options) configuration(raw json.RawMessage) []string {
	fields, err := fieldsOf(raw)
	if err != nil {
		return []string{"configuration", "  " + o.in(bad, "it is damaged: "+err.Error())}
	}
	list := facts{o: o}
	for _, f := range fields {
		var variables map[string]string
		if json.Unmarshal(f.value, &variables) != nil {
			list.add(usual, f.name, fieldText(f))
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(variables)) {
			list.add(usual, f.name, name+"="+secrets.Mask(name, variables[name]))
		}
	}
	if len(list.names) == 0 {
		return nil
	}
	return append([]string{o.in(title, "configuration")}, list.lines()...)
}

type field struct {
	name  string
	value json.RawMessage
}

// fieldsOf are the fields of a JSON object in their order; none of nothing.
func fieldsOf(raw json.RawMessage) (fields []field, err error) {
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if token, err := d.Token(); err != nil {
		return nil, err
	} else if token != json.Delim('{') {
		return nil, fmt.Errorf("it begins with %v, a JSON object was expected", token)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		f := field{name: name.(string)} // what stands before a value of an object is a string
		if err := d.Decode(&f.value); err != nil {
			return nil, err
		}
		fields = append(fields, f)
	}
	return fields, nil
}

// fieldText is what a field says, a list as words behind each other.
func fieldText(f field) string {
	var words []string
	if json.Unmarshal(f.value, &words) == nil {
		return strings.Join(secrets.MaskArguments(words), " ")
	}
	var text string
	if json.Unmarshal(f.value, &text) == nil {
		return secrets.Mask(f.name, text)
	}
	var other any
	if json.Unmarshal(f.value, &other) != nil {
		return ""
	}
	shown, err := json.Marshal(secrets.MaskWithin(f.name, other))
	if err != nil {
		return ""
	}
	return string(shown)
}
