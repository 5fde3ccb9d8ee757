package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/utilinspect"
)

// LoadOptions say what is read of a file.
type LoadOptions struct {
	// Env is the NAME whose env_NAME is laid over env. With it, an error if no application of the file has such variables.
	Env string
	// Only are the names of the applications to give, all if there are none. A name that the file does not have is an error.
	Only []string
	// Check has a last look at each application. Its error gets the line of the field if it is a *FieldError, or has the field's flag in its
	// text.
	Check func(App) error
	// Output gets what a file in JavaScript prints. Nil discards it.
	Output io.Writer
	// Timeout is how long a file in JavaScript may run; 0 is 10 seconds.
	Timeout time.Duration
}

// Load reads the applications of a file, in their order, and what of it is not taken over.
//
// A nodecluster.yaml, .yml or .json is meant from its own folder. Other files are PM2's: .yaml, .yml, .json, and .config.js, .cjs, .mjs and
// .ts, which the node of PATH runs in the environment and the working directory of this process, with a time limit. As PM2 does, they are meant
// from the working directory. All have the same names of fields, those of App and PM2's.
//
// Paths become absolute. The error is an *Error for what is wrong in the file. Load blocks until node has ended.
func Load(path string, o LoadOptions) ([]App, []Note, error) {
	d, err := load(path, o)
	if err != nil {
		return nil, nil, err
	}
	var apps []App
	for _, a := range d.apps {
		apps = append(apps, a.App)
	}
	return apps, d.notes, nil
}

// IsFile reports whether a path is that of a file with applications, going by its name: .yaml, .yml, .json, .config.js, .config.cjs,
// .config.mjs, .config.ts or dump.pm2. An application's script is none.
func IsFile(path string) bool {
	name := filepath.Base(path)
	extension := filepath.Ext(name)
	name = strings.TrimSuffix(name, extension)
	switch {
	case name == "":
		return false
	case slices.Contains(scripts, extension):
		return strings.HasSuffix(name, ".config")
	}
	return slices.Contains([]string{".yaml", ".yml", ".json", ".pm2"}, extension)
}

// document is a file that is being read.
type document struct {
	name   string // as it was given
	source string // empty where lines of it mean nothing
	folder string // from which paths are meant
	beside string // the folder of the file
	isPM2s bool
	isDump bool   // whether it is what pm2 save has written
	home   string // of PM2, for its dump
	LoadOptions
	apps  []*application
	notes []Note
}

// ownNames are the names of files that are not PM2's.
var ownNames = []string{"nodecluster.yaml", "nodecluster.yml", "nodecluster.json"}

func load(path string, o LoadOptions) (*document, error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	d := &document{name: path, folder: filepath.Dir(full), beside: filepath.Dir(full), LoadOptions: o}
	var root *value
	if !slices.Contains(ownNames, filepath.Base(full)) {
		d.isPM2s = true
		if d.folder, err = os.Getwd(); err != nil {
			return nil, err
		}
	}
	if root, err = d.parse(full); err == nil {
		err = d.read(root)
	}
	if err != nil {
		return nil, d.describe(err)
	}
	return d, nil
}

// scripts are the endings of files that are read by running them.
var scripts = []string{".js", ".cjs", ".mjs", ".ts", ".cts", ".mts"}

func (d *document) parse(path string) (*value, error) {
	if slices.Contains(scripts, filepath.Ext(path)) {
		return d.run(path)
	}
	content, err := readFile(path)
	if err != nil {
		return nil, err
	}
	switch filepath.Ext(path) {
	case ".yaml", ".yml":
	case ".json":
		// PM2 runs its JSON as JavaScript, with comments and without quotes.
		if d.isPM2s && !json.Valid(content) {
			return d.run(path)
		}
	case ".pm2":
		d.isDump, d.home = true, filepath.Dir(path)
		return parseJSON(content)
	default:
		return nil, errors.New("it is no configuration: use a .yaml, .yml or .json, or a .config.js, .cjs, .mjs or .ts")
	}
	d.source = string(content)
	return parseYAML(content)
}

// maxFile is the size of a file in bytes that is read.
const maxFile = 16 << 20

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, reason(err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, reason(err)
	}
	if len(content) > maxFile {
		return nil, errors.New("it is larger than 16 MiB")
	}
	return content, nil
}

// reason is an error without the path, which the message has already.
func reason(err error) error {
	if e := (*os.PathError)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}

// describe says where in the file an error is.
func (d *document) describe(err error) error {
	if known := (*Error)(nil); errors.As(err, &known) {
		return err
	}
	e := &Error{File: d.name, Message: utilinspect.Printable(err.Error())}
	if p := (*placed)(nil); errors.As(err, &p) && d.source != "" {
		e.Line, e.Column, e.Excerpt = p.line, p.column, excerpt(d.source, p.line, p.column)
	}
	if e.Line == 0 {
		e.Column = 0
	}
	return e
}

// note keeps what is not taken over.
func (d *document) note(app, field string, at *value, format string, args ...any) {
	n := Note{App: app, Field: field, Message: fmt.Sprintf(format, args...)}
	if d.source != "" {
		n.Line = at.line
	}
	d.notes = append(d.notes, n)
}

// read finds the applications of a file.
func (d *document) read(root *value) error {
	values, err := d.find(root)
	if err != nil {
		return err
	}
	if len(values) == 0 {
		return errors.New("there is no application in it")
	}
	for _, v := range values {
		a, err := d.application(v)
		if err != nil {
			return err
		}
		for _, other := range d.apps {
			if other.Name == a.Name {
				return a.at("name").fail(fmt.Sprintf("two applications are named %s", a.Name))
			}
		}
		d.apps = append(d.apps, a)
	}
	if err := d.checkEnvName(); err != nil {
		return err
	}
	return d.choose()
}

// find gives the applications' values: those of apps, a list of them, or one. What begins with x- is there for anchors.
func (d *document) find(root *value) ([]*value, error) {
	if d.isDump {
		return d.findInDump(root)
	}
	switch root.kind {
	case null:
		return nil, nil
	case list:
		return root.list, nil
	case mapping:
	default:
		return nil, root.fail("an application has fields, such as script: app.js")
	}
	apps := root.get("apps")
	if apps == nil && d.isPM2s {
		apps = root.get("pm2") // as in a package.json
	}
	switch {
	case len(root.pairs) == 0:
		return nil, nil
	case apps == nil:
		return []*value{root}, nil
	}
	for _, p := range root.pairs {
		if p.value == apps || root.get("apps") == nil || strings.HasPrefix(p.key.text, "x-") {
			continue
		}
		if why := topLevel[p.key.text]; why != "" {
			d.note("", p.key.text, p.key, "%s is not taken over: %s", p.key.text, why)
		} else {
			return nil, p.key.fail(fmt.Sprintf("there is no %s beside apps", p.key.text))
		}
	}
	if apps.kind == list {
		return apps.list, nil
	}
	return []*value{apps}, nil
}

// checkEnvName reports as an error that no application has variables of the name that is asked for.
func (d *document) checkEnvName() error {
	var there []string
	for _, a := range d.apps {
		for _, e := range a.environments {
			if e.name == d.Env {
				return nil
			}
			there = append(there, e.name)
		}
	}
	if d.Env == "" {
		return nil
	}
	slices.Sort(there)
	if len(there) == 0 {
		return fmt.Errorf("no application has env_%s", d.Env)
	}
	return fmt.Errorf("no application has env_%s: there is env_%s", d.Env, strings.Join(slices.Compact(there), " and env_"))
}

// choose leaves the applications that are asked for.
func (d *document) choose() error {
	var there []string
	for _, a := range d.apps {
		there = append(there, a.Name)
	}
	for _, name := range d.Only {
		if !slices.Contains(there, name) {
			return fmt.Errorf("there is no application %s in it: it has %s", name, strings.Join(there, ", "))
		}
	}
	if d.Only == nil {
		return nil
	}
	isWanted := func(name string) bool { return name == "" || slices.Contains(d.Only, name) }
	d.apps = slices.DeleteFunc(d.apps, func(a *application) bool { return !isWanted(a.Name) })
	d.notes = slices.DeleteFunc(d.notes, func(n Note) bool { return !isWanted(n.App) })
	return nil
}
