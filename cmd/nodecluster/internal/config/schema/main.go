// Schema writes the JSON schema of nodecluster.yaml, which editors read, from the types of package config.
package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"strconv"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/config"
)

func main() {
	text, err := schema("app.go")
	if err == nil {
		err = os.WriteFile("../../docs/nodecluster.schema.json", text, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "schema:", err)
		os.Exit(1)
	}
}

// schema gives the text of the schema. source is the file that has the type App, whose comments are the descriptions.
func schema(source string) ([]byte, error) {
	app, err := appSchema(source)
	if err != nil {
		return nil, err
	}
	list := &jsonschema.Schema{Type: "array", Items: &jsonschema.Schema{Ref: "#/$defs/app"}}
	one := &jsonschema.Schema{Ref: "#/$defs/app"}
	s := &jsonschema.Schema{
		Schema: "https://json-schema.org/draft/2020-12/schema",
		ID:     "https://raw.githubusercontent.com/nodecluster/nodecluster/main/cmd/nodecluster/docs/nodecluster.schema.json",
		Title:  "nodecluster.yaml",
		Defs:   map[string]*jsonschema.Schema{"app": app},
		AnyOf: []*jsonschema.Schema{
			{
				Type: "object", Required: []string{"apps"},
				Properties:           map[string]*jsonschema.Schema{"apps": {AnyOf: []*jsonschema.Schema{list, one}}},
				PatternProperties:    map[string]*jsonschema.Schema{"^x-": {}},
				AdditionalProperties: nothing(),
			},
			list, one,
		},
	}
	text, err := json.MarshalIndent(s, "", "  ")
	return append(text, '\n'), err
}

// nothing is a schema that no value has.
func nothing() *jsonschema.Schema { return &jsonschema.Schema{Not: &jsonschema.Schema{}} }

func anyOf(schemas ...*jsonschema.Schema) *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: schemas}
}

func ofType(name string) *jsonschema.Schema { return &jsonschema.Schema{Type: name} }

func pattern(expression string) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: expression}
}

func atLeast(n float64) *jsonschema.Schema { return &jsonschema.Schema{Type: "integer", Minimum: &n} }

func words(all ...string) *jsonschema.Schema {
	s := ofType("string")
	for _, word := range all {
		s.Enum = append(s.Enum, word)
	}
	return s
}

func listOf(item *jsonschema.Schema) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "array", Items: item}
}

// types are what the fields' own types take in a file.
func types() map[reflect.Type]*jsonschema.Schema {
	texts := anyOf(ofType("string"), listOf(anyOf(ofType("string"), ofType("number"))))
	scalar := anyOf(ofType("string"), ofType("number"), ofType("boolean"))
	most := 255.0
	code := &jsonschema.Schema{Type: "integer", Minimum: new(float64), Maximum: &most}
	return map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[config.Duration]():  anyOf(pattern(`^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`), atLeast(0)),
		reflect.TypeFor[config.Size]():      anyOf(pattern(`^[1-9][0-9]*[KMG]?$`), atLeast(1)),
		reflect.TypeFor[config.Instances](): anyOf(words("auto", "max"), ofType("integer")),
		reflect.TypeFor[config.ID]():        anyOf(ofType("string"), atLeast(0)),
		reflect.TypeFor[config.Words]():     anyOf(ofType("number"), texts),
		reflect.TypeFor[config.List]():      texts,
		reflect.TypeFor[config.Watch]():     anyOf(ofType("boolean"), texts),
		reflect.TypeFor[config.Filter]():    anyOf(ofType("boolean"), texts),
		reflect.TypeFor[config.Codes]():     anyOf(code, listOf(code)),
		reflect.TypeFor[config.Env]():       {Type: "object", AdditionalProperties: scalar},
		reflect.TypeFor[config.Fields]():    {Type: "object"},
		reflect.TypeFor[config.DependsOn](): anyOf(texts, &jsonschema.Schema{Type: "object", AdditionalProperties: words("started", "healthy")}),
	}
}

// environment is env_NAME, but for env_file, which is a field of its own.
const environment = "^env_([^f]|f[^i]|fi[^l]|fil[^e]|file.)"

// appSchema is the schema of an application.
func appSchema(source string) (*jsonschema.Schema, error) {
	about, err := comments(source)
	if err != nil {
		return nil, err
	}
	s := &jsonschema.Schema{
		Type: "object", Required: []string{"script"}, Properties: map[string]*jsonschema.Schema{}, AdditionalProperties: nothing(),
		PatternProperties: map[string]*jsonschema.Schema{environment: {
			Type: "object", AdditionalProperties: types()[reflect.TypeFor[config.Env]()].AdditionalProperties,
			Description: "Variables over those of env, with --env-name NAME.",
		}},
	}
	t := reflect.TypeFor[config.App]()
	for i := range t.NumField() {
		field := t.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		property := fieldSchema(field)
		property.Description = about[field.Name]
		s.Properties[name] = property
		s.PropertyOrder = append(s.PropertyOrder, name)
	}
	addPM2s(s)
	return s, nil
}

// fieldSchema is the schema of a field, by its type and its tags.
func fieldSchema(field reflect.StructField) *jsonschema.Schema {
	t := field.Type
	if own := types()[t]; own != nil {
		return own
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Bool:
		return ofType("boolean")
	case reflect.Int:
		least, _ := strconv.ParseFloat(field.Tag.Get("least"), 64)
		return atLeast(least)
	}
	if all := field.Tag.Get("words"); all != "" {
		return words(strings.Split(all, ",")...)
	}
	return anyOf(ofType("string"), ofType("number"))
}

// addPM2s adds PM2's names, which editors show as those of old.
func addPM2s(s *jsonschema.Schema) {
	for _, name := range config.PM2Names() {
		if s.Properties[name.Name] != nil {
			continue
		}
		s.Properties[name.Name] = &jsonschema.Schema{Description: name.Meaning, Deprecated: true}
		s.PropertyOrder = append(s.PropertyOrder, name.Name)
	}
}

// comments are those of the fields of App.
func comments(source string) (map[string]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), source, nil, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	about := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		if field, ok := n.(*ast.Field); ok && field.Doc != nil && len(field.Names) == 1 {
			about[field.Names[0].Name] = strings.Join(strings.Fields(field.Doc.Text()), " ")
		}
		return true
	})
	return about, nil
}
