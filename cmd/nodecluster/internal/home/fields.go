package home

import (
	"reflect"
	"strings"
)

// recordFields are the names of a record's fields on disk.
var recordFields = jsonNames(reflect.TypeFor[Record]())

func jsonNames(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name != "" {
			names = append(names, name)
		}
	}
	return names
}
