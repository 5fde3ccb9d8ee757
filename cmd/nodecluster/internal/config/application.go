package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/kballard/go-shellquote"
)

// application is an application of a file that is being read.
type application struct {
	App
	d    *document
	root *value
	// keys are the fields that the file has, by the name of the App's or PM2's.
	keys map[string]pair
	// port is PM2's, a variable PORT.
	port string
	// appendsEnv is PM2's append_env_to_name.
	appendsEnv bool
	// written is env as the file has it, and environments what env_NAME has.
	written      Env
	environments []environment
}

// environment are the variables of env_NAME.
type environment struct {
	name      string
	variables Env
}

// application reads one application.
func (d *document) application(v *value) (*application, error) {
	if v.kind != mapping {
		return nil, v.fail("an application has fields, such as script: app.js")
	}
	a := &application{d: d, root: v, keys: map[string]pair{}}
	before := len(d.notes)
	for _, step := range []func() error{
		a.collect, a.assign, a.completePaths, a.completeName, a.completeEnv, a.completeProgram, a.completeUser, a.completeAsPM2, a.check,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	for i := range d.notes[before:] { // of which the first came before the name was known
		d.notes[before+i].App = a.Name
	}
	return a, nil
}

// at is where a field stands, or the application if it does not have it.
func (a *application) at(name string) *value {
	if p, ok := a.keys[name]; ok {
		return p.value
	}
	return a.root
}

// note keeps what is not taken over. field is its name in App, or PM2's.
func (a *application) note(field, format string, args ...any) {
	name, at := field, a.root
	if p, ok := a.keys[field]; ok {
		name, at = p.key.text, p.key
	}
	a.d.note(a.Name, name, at, name+" "+format, args...)
}

// collect finds out which field each key means.
func (a *application) collect() error {
	for _, p := range a.root.pairs {
		key := p.key.text
		if a.d.isPM2s && p.value.kind == null {
			continue
		}
		if name, ok := strings.CutPrefix(key, "env_"); ok && name != "" && fieldNamed(key) == nil {
			variables, err := a.readEnv(p)
			if err != nil {
				return err
			}
			a.environments = append(a.environments, environment{name, variables})
			continue
		}
		name := canonical(key)
		if name == "" {
			return p.key.fail(unknown(key))
		}
		if other, ok := a.keys[name]; ok {
			return p.key.fail(fmt.Sprintf("%s and %s are the same: leave one out", other.key.text, key))
		}
		a.keys[name] = p
	}
	return nil
}

func unknown(key string) string {
	if near := closest(key, allNames()); near != "" {
		return fmt.Sprintf("there is no field %s: is %s meant?", key, near)
	}
	return fmt.Sprintf("there is no field %s", key)
}

// assign reads the fields, in the order of the file. The name is first, because notes have it.
func (a *application) assign() error {
	if p, ok := a.keys["name"]; ok {
		if err := fieldNamed("name").set(&a.App, p.value); err != nil {
			return err
		}
	}
	for _, p := range a.root.pairs {
		name := canonical(p.key.text)
		if _, ok := a.keys[name]; !ok || name == "name" {
			continue
		}
		if err := p.value.place(a.assignOne(name, p)); err != nil {
			return err
		}
	}
	return nil
}

func (a *application) assignOne(name string, p pair) error {
	if why, ok := leftOut[name]; ok {
		if p.value.kind != boolean || p.value.text != "false" { // which it is here
			a.note(name, "is not taken over: %s", why)
		}
		return nil
	}
	if a.d.isPM2s {
		p.value = asPM2(name, p.value)
	}
	if take := translations[name]; take != nil {
		return take(a, p)
	}
	return fieldNamed(name).set(&a.App, p.value)
}

// completePaths has the paths mean what they mean from the folder of the file.
func (a *application) completePaths() error {
	a.Cwd = absolute(a.d.folder, a.Cwd)
	base := a.d.folder
	if a.d.isPM2s {
		base = a.Cwd
	}
	a.Anchor(base)
	return nil
}

// Anchor has the paths that are relative mean what they mean from a folder.
func (a *App) Anchor(folder string) {
	v := reflect.ValueOf(a).Elem()
	for _, f := range fields {
		if !f.paths {
			continue
		}
		switch to := v.Field(f.index).Addr().Interface().(type) {
		case *string:
			if *to != "" {
				*to = absolute(folder, *to)
			}
		case *List:
			for i := range *to {
				(*to)[i] = absolute(folder, (*to)[i])
			}
		}
	}
	for _, program := range []*string{&a.Node, &a.AgentNode} {
		if strings.ContainsRune(*program, filepath.Separator) {
			*program = absolute(folder, *program)
		}
	}
	for i, text := range a.Mix {
		a.Mix[i] = anchorMix(folder, text)
	}
}

// anchorMix has a script or a program by its path mean what it means from a folder, in N=COMMAND.
func anchorMix(folder, text string) string {
	number, command, _ := strings.Cut(text, "=")
	words, err := shellquote.Split(command)
	if err != nil || len(words) == 0 { // which is said where the flag is read
		return text
	}
	isPath := strings.ContainsRune(words[0], filepath.Separator) || slices.Contains(scripts, filepath.Ext(words[0]))
	if !isPath || filepath.IsAbs(words[0]) {
		return text
	}
	words[0] = absolute(folder, words[0])
	return number + "=" + shellquote.Join(words...)
}

// absolute is a path as it is meant from a folder.
func absolute(folder, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(folder, path)
}

// namePattern is what an application's name may be, because it names folders.
var namePattern = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$`)

const nameRule = "use up to 64 letters, digits, dots, dashes and underscores, and no dot or dash first"

var notInNames = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// completeName gives the application a name if it has none: the script's. PM2 allows names that would be no folders.
func (a *application) completeName() error {
	if a.Script == "" {
		return a.root.fail("script is missing: name what is to run")
	}
	given := a.Name
	if given == "" {
		given = strings.TrimSuffix(filepath.Base(a.Script), filepath.Ext(a.Script))
	}
	if a.appendsEnv && a.d.Env != "" {
		given += "-" + a.d.Env
	}
	a.Name = given
	if namePattern.MatchString(given) {
		return nil
	}
	if _, ok := a.keys["name"]; ok && !a.d.isPM2s {
		return a.at("name").fail("name: " + nameRule)
	}
	a.Name = strings.Trim(notInNames.ReplaceAllString(given, "-"), ".-")
	a.Name = a.Name[:min(len(a.Name), 64)]
	if a.Name == "" {
		return a.at("name").fail("name: " + nameRule)
	}
	if _, ok := a.keys["name"]; ok {
		a.d.note(a.Name, "name", a.at("name"), "the name %s becomes %s: names are letters, digits, dots, dashes and underscores", given, a.Name)
	}
	return nil
}

// completeEnv lays the variables of env_NAME over those of env.
func (a *application) completeEnv() error {
	if a.port != "" {
		a.setEnv("PORT", a.port)
	}
	a.written = a.Env
	for _, e := range a.environments {
		if e.name != a.d.Env {
			continue
		}
		over := Env{}
		for name, text := range a.Env {
			over[name] = text
		}
		for name, text := range e.variables {
			over[name] = text
		}
		a.Env = over
	}
	return nil
}

func (a *application) setEnv(name, text string) {
	if a.Env == nil {
		a.Env = Env{}
	}
	a.Env[name] = text
}

// flagPattern finds the flag that an error is about.
var flagPattern = regexp.MustCompile(`--([a-z][a-z-]*)`)

// check asks what the options have against the application.
func (a *application) check() error {
	if a.d.Check == nil {
		return nil
	}
	err := a.d.Check(a.App)
	if err == nil {
		return nil
	}
	name := ""
	if f := (*FieldError)(nil); errors.As(err, &f) {
		name = f.Field
	} else if found := flagPattern.FindStringSubmatch(err.Error()); found != nil {
		name = strings.ReplaceAll(found[1], "-", "_")
	}
	return a.at(name).fail(fmt.Sprintf("application %s: %v", a.Name, err))
}
