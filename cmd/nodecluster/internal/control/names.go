package control

import (
	"reflect"
	"strings"
)

// jsonNames are the names of a struct's fields as JSON has them.
func jsonNames(t reflect.Type) []string { return names(t, func(string) bool { return true }) }

// neededNames are those of the fields that are never left out.
func neededNames(t reflect.Type) []string {
	return names(t, func(options string) bool { return options == "" })
}

func names(t reflect.Type, take func(options string) bool) []string {
	var names []string
	for i := range t.NumField() {
		if name, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name != "" && name != "-" && take(options) {
			names = append(names, name)
		}
	}
	return names
}
