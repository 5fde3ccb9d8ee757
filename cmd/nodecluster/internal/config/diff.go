package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/kballard/go-shellquote"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/secrets"
)

// Difference is a field in which two configurations of an application differ.
type Difference struct {
	// Field is its name in a file, with the variable's behind it for env: "env.PORT".
	Field string `json:"field"`
	// Old and New are its values as a command line has them, "" where it is not set.
	Old string `json:"old"`
	New string `json:"new"`
	// IsSecret reports whether the values are not to be shown to everybody: those of variables.
	IsSecret bool `json:"isSecret,omitempty"`
}

// String tells the difference in a line, without values that are secret.
func (d Difference) String() string {
	if d.IsSecret && d.Old != "" && d.New != "" {
		return d.Field + ": changed"
	}
	for _, value := range []*string{&d.Old, &d.New} {
		if d.IsSecret && *value != "" {
			*value = secrets.Masked
		}
	}
	return d.Shown()
}

// Shown is String with all values.
func (d Difference) Shown() string {
	switch {
	case d.Old == "":
		return fmt.Sprintf("%s: %s (new)", d.Field, d.New)
	case d.New == "":
		return fmt.Sprintf("%s: no longer %s", d.Field, d.Old)
	}
	return fmt.Sprintf("%s: %s, was %s", d.Field, d.New, d.Old)
}

// Diff gives the fields in which two configurations differ, in the order of App's.
func Diff(old, new App) (differences []Difference) {
	before, after := Settings(old), Settings(new)
	for _, was := range before {
		is := find(after, was.Field)
		if was.Value != is.Value {
			differences = append(differences, Difference{was.Field, was.Value, is.Value, was.IsSecret})
		}
	}
	for _, is := range after {
		if find(before, is.Field) == (Setting{}) {
			differences = append(differences, Difference{is.Field, "", is.Value, is.IsSecret})
		}
	}
	slices.SortStableFunc(differences, func(a, b Difference) int { return rank(a.Field) - rank(b.Field) })
	return differences
}

// rank is the place of a field in App.
func rank(name string) int {
	name, _, _ = strings.Cut(name, ".")
	return fieldNamed(name).index
}

// Setting is a field that is set.
type Setting struct {
	// Field is its name in a file, with the variable's behind it for env: "env.PORT".
	Field string
	// Value is what a command line has for it.
	Value string
	// IsSecret reports whether the value is not to be shown to everybody: that of a variable.
	IsSecret bool
}

// String is the setting in a line, without a value that is secret.
func (s Setting) String() string {
	if s.IsSecret {
		s.Value = secrets.Masked
	}
	return s.Field + ": " + s.Value
}

// Masked is the application with the values of its variables hidden.
func (a App) Masked() App {
	if a.Env == nil {
		return a
	}
	a.Env = secrets.MaskAll(a.Env)
	return a
}

func find(settings []Setting, field string) Setting {
	for _, s := range settings {
		if s.Field == field {
			return s
		}
	}
	return Setting{}
}

// Settings are the fields of an application that are set, in the order of App's.
func Settings(a App) (all []Setting) {
	v := reflect.ValueOf(a)
	for _, f := range fields {
		field := v.Field(f.index)
		if field.IsZero() {
			continue
		}
		if field.Kind() != reflect.Map {
			all = append(all, Setting{Field: f.name, Value: shown(field)})
			continue
		}
		entries := entriesOf(field)
		for _, name := range slices.Sorted(maps.Keys(entries)) {
			all = append(all, Setting{f.name + "." + name, quoted(entries[name]), f.name == "env"})
		}
	}
	return all
}

// entriesOf are those of a field with several, as texts.
func entriesOf(field reflect.Value) map[string]string {
	fields, ok := field.Interface().(Fields)
	if !ok {
		return field.Convert(reflect.TypeFor[map[string]string]()).Interface().(map[string]string)
	}
	entries := map[string]string{}
	for name, value := range fields {
		text, _ := json.Marshal(value) // of what was JSON, or could be
		entries[name] = string(text)
	}
	return entries
}

// quoted is a value as one can see it: an empty one in quotes.
func quoted(text string) string {
	if text == "" {
		return `""`
	}
	return text
}

func shown(v reflect.Value) string {
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.String {
		return shellquote.Join(v.Convert(reflect.TypeFor[[]string]()).Interface().([]string)...)
	}
	return quoted(fmt.Sprint(v.Interface()))
}
