package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// field is a field of App.
type field struct {
	name  string // in a file
	index int
	words []string // all that it may be; nil for any
	least int
	paths bool // whether it is a path that is meant from the folder of the file
}

// fields are those of App, in their order.
var fields = func() (fields []field) {
	t := reflect.TypeFor[App]()
	for i := range t.NumField() {
		tag := t.Field(i).Tag
		name, _, _ := strings.Cut(tag.Get("yaml"), ",")
		f := field{name: name, index: i, paths: tag.Get("path") == "file"}
		if words := tag.Get("words"); words != "" {
			f.words = strings.Split(words, ",")
		}
		if least := tag.Get("least"); least != "" {
			f.least, _ = strconv.Atoi(least)
		}
		fields = append(fields, f)
	}
	return fields
}()

// fieldNamed is a field by its name in a file, nil if there is none.
func fieldNamed(name string) *field {
	i := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
	if i < 0 {
		return nil
	}
	return &fields[i]
}

// set reads a field of an application.
func (f *field) set(a *App, v *value) error {
	err := f.read(reflect.ValueOf(a).Elem().Field(f.index), v)
	if err == nil {
		return nil
	}
	if known := (*placed)(nil); errors.As(err, &known) {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	return v.fail(f.name + ": " + err.Error())
}

func (f *field) read(to reflect.Value, v *value) error {
	if v.kind == null {
		return errors.New("it has no value: give it one, or leave it out")
	}
	if r, ok := to.Addr().Interface().(reader); ok {
		return r.read(v)
	}
	if to.Kind() == reflect.Pointer {
		to.Set(reflect.New(to.Type().Elem()))
		to = to.Elem()
	}
	switch to.Kind() {
	case reflect.Bool:
		if v.kind != boolean {
			return errors.New("use true or false")
		}
		to.SetBool(v.text == "true")
	case reflect.Int:
		n, err := strconv.Atoi(v.text)
		if v.kind != number || err != nil || n < f.least {
			return fmt.Errorf("use a number from %d on", f.least)
		}
		to.SetInt(int64(n))
	default:
		return f.readText(to, v)
	}
	return nil
}

func (f *field) readText(to reflect.Value, v *value) error {
	// A name may look like a number, and log_type may be none, which some write as a boolean of YAML.
	if v.kind != text && v.kind != number {
		if f.words != nil {
			return fmt.Errorf("use one of %s", strings.Join(f.words, ", "))
		}
		return errors.New("use a text")
	}
	if f.words != nil && !slices.Contains(f.words, v.text) {
		return fmt.Errorf("use one of %s", strings.Join(f.words, ", "))
	}
	to.SetString(v.text)
	return nil
}

// closest is the name that is meant by one that is not known, "" if none is close.
func closest(name string, names []string) string {
	best, least := "", len(name)/3+1
	for _, n := range names {
		if d := distance(strings.ToLower(name), strings.ToLower(n)); d < least {
			best, least = n, d
		}
	}
	return best
}

// distance is how many letters are to be changed, added or left out.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := corner
			if a[i] != b[j] {
				change++
			}
			corner = row[j+1]
			row[j+1] = min(change, row[j]+1, corner+1)
		}
	}
	return row[len(b)]
}
