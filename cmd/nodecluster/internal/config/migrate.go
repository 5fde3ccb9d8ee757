package config

import (
	_ "embed" // the example
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
)

//go:embed nodecluster.yaml
var example string

// Example is a nodecluster.yaml with comments, to begin with.
func Example() string { return example }

// DumpFile is what pm2 save has written: dump.pm2 in PM2_HOME, or else in ~/.pm2.
func DumpFile() (string, error) {
	home := os.Getenv("PM2_HOME")
	if home == "" {
		user, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		home = filepath.Join(user, ".pm2")
	}
	return filepath.Join(home, "dump.pm2"), nil
}

// Migrate writes a file of PM2's, or its dump, as the text of a nodecluster.yaml that is to lie in a folder. The variables of env_NAME are
// kept, so that LoadOptions.Env must be empty. What a file in JavaScript computes is as it is now. It gives what is not taken over too, which
// the text has as comments. Errors, and for how long it blocks, are those of Load.
func Migrate(path, folder string, o LoadOptions) (text string, notes []Note, err error) {
	d, err := load(path, o)
	if err != nil {
		return "", nil, err
	}
	if folder, err = filepath.Abs(folder); err != nil {
		return "", nil, err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# Made of %s.\n", oneLine(path))
	for _, n := range d.notes {
		fmt.Fprintf(&b, "# - %s\n", oneLine(n.String()))
	}
	apps := []yaml.MapSlice{}
	for _, a := range d.apps {
		apps = append(apps, a.yaml(folder))
	}
	body, err := yaml.MarshalWithOptions(yaml.MapSlice{{Key: "apps", Value: apps}}, yaml.IndentSequence(true))
	if err != nil {
		return "", nil, err
	}
	return b.String() + string(body), d.notes, nil
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// yaml is an application as a file in a folder has it.
func (a *application) yaml(folder string) yaml.MapSlice {
	app := a.App
	app.Env = a.written
	app.Script = relative(folder, app.Script)
	v := reflect.ValueOf(&app).Elem()
	for _, f := range fields {
		if to, ok := v.Field(f.index).Addr().Interface().(*string); ok && f.paths {
			*to = relative(folder, *to)
		}
	}
	if app.Cwd == "." {
		app.Cwd = ""
	}
	var entries yaml.MapSlice
	for _, f := range fields {
		if value := v.Field(f.index); !value.IsZero() {
			entries = append(entries, yaml.MapItem{Key: f.name, Value: value.Interface()})
		}
		if f.name == "env" {
			for _, e := range a.environments {
				entries = append(entries, yaml.MapItem{Key: "env_" + e.name, Value: e.variables})
			}
		}
	}
	return entries
}

// relative is a path from a folder, if it is below.
func relative(folder, path string) string {
	if path == "" {
		return ""
	}
	if short, err := filepath.Rel(folder, path); err == nil && short != ".." && !strings.HasPrefix(short, ".."+string(filepath.Separator)) {
		return short
	}
	return path
}
