package config

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kballard/go-shellquote"
)

// reader is a field's type that knows how it is read. Its errors say what to write.
type reader interface{ read(*value) error }

// Duration is a duration as time.ParseDuration takes it. A file may have a number of milliseconds.
type Duration string

// DurationOf is a duration of a text, which may be a number of milliseconds.
func DurationOf(text string) Duration {
	if _, err := strconv.ParseUint(text, 10, 32); err != nil {
		return Duration(text)
	}
	if seconds, whole := strings.CutSuffix(text, "000"); whole && seconds != "" {
		return Duration(seconds + "s")
	}
	return Duration(text + "ms")
}

func (d *Duration) read(v *value) error {
	if v.kind == number {
		if of := DurationOf(v.text); of != Duration(v.text) {
			*d = of
			return nil
		}
	}
	parsed, err := time.ParseDuration(v.text)
	if !v.isText() || err != nil || parsed < 0 {
		return errors.New("use a duration such as 500ms, 10s or 2m, or a number of milliseconds")
	}
	*d = Duration(v.text)
	return nil
}

// Size is a number of bytes, with K, M or G behind it for larger units.
type Size string

var sizePattern = regexp.MustCompile(`^[1-9][0-9]{0,17}[KMG]?$`)

func (s *Size) read(v *value) error {
	if v.kind != number && !v.isText() || !sizePattern.MatchString(v.text) {
		return errors.New("use a size in bytes, such as 512K, 128M or 1G")
	}
	*s = shortest(v.text)
	return nil
}

// shortest is a size in the largest unit that gives a whole number.
func shortest(size string) Size {
	for _, step := range []struct{ from, to string }{{"", "K"}, {"K", "M"}, {"M", "G"}} {
		digits := strings.TrimRight(size, "KMG")
		n, err := strconv.ParseUint(digits, 10, 64)
		if err == nil && size == digits+step.from && n%1024 == 0 {
			size = strconv.FormatUint(n/1024, 10) + step.to
		}
	}
	return Size(size)
}

// Instances is a number of workers: a number from 1 on, "auto" or "max", or a negative number for so many less than there are CPUs.
type Instances string

func (i *Instances) read(v *value) error {
	n, err := strconv.Atoi(v.text)
	switch {
	case v.isText() && (v.text == "auto" || v.text == "max"):
		*i = Instances(v.text)
	case v.kind != number && !v.isText() || err != nil || n < -4096 || n > 4096:
		return errors.New("use a number from 1 on, auto, max, or -1 for one less than there are CPUs")
	case n == 0: // as PM2 has it
		*i = "max"
	default:
		*i = Instances(strconv.Itoa(n))
	}
	return nil
}

// MarshalYAML gives a number where it is one.
func (i Instances) MarshalYAML() (any, error) { return numberOrText(string(i)), nil }

// ID is a user or a group, by number or name.
type ID string

func (i *ID) read(v *value) error {
	if v.kind != number && !v.isText() || v.text == "" {
		return errors.New("use a number or a name")
	}
	*i = ID(v.text)
	return nil
}

// MarshalYAML gives a number where it is one.
func (i ID) MarshalYAML() (any, error) { return numberOrText(string(i)), nil }

func numberOrText(text string) any {
	if n, err := strconv.Atoi(text); err == nil && strconv.Itoa(n) == text {
		return n
	}
	return text
}

// Words are the arguments of a program. They are one flag, split as a shell does.
type Words []string

func (w *Words) read(v *value) (err error) {
	if v.kind == list {
		*w, err = v.texts()
		return err
	}
	if !v.isText() && v.kind != number {
		return errors.New("use a list, or a text that is split as a shell does")
	}
	if *w, err = shellquote.Split(v.text); err != nil {
		return errors.New("a quote or a backslash is not complete")
	}
	return nil
}

// List is one text or several. Each is a flag of its own.
type List []string

func (l *List) read(v *value) (err error) {
	if v.kind == list {
		*l, err = v.texts()
		return err
	}
	if !v.isText() {
		return errors.New("use a text, or a list of them")
	}
	*l = List{v.text}
	return nil
}

// Watch is what is watched for changes: paths, and "." alone for all.
type Watch []string

func (w *Watch) read(v *value) error {
	switch {
	case v.kind == boolean && v.text == "true":
		*w = Watch{"."}
		return nil
	case v.kind == boolean:
		*w = nil
		return nil
	}
	if err := (*List)(w).read(v); err != nil {
		return errors.New("use true, false, a path or a list of paths")
	}
	return nil
}

// MarshalYAML gives true for all.
func (w Watch) MarshalYAML() (any, error) {
	if slices.Equal(w, Watch{"."}) {
		return true, nil
	}
	return []string(w), nil
}

// Filter is which variables of an environment are left out: names, in which * stands for anything.
type Filter []string

func (f *Filter) read(v *value) error {
	switch {
	case v.kind == boolean && v.text == "true":
		*f = Filter{"*"}
	case v.kind == boolean:
		*f = nil
	default:
		if err := (*List)(f).read(v); err != nil {
			return errors.New("use true, false, a name or a list of names")
		}
	}
	for _, pattern := range *f {
		if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
			return errors.New("use the names of variables, in which * stands for anything")
		}
	}
	return nil
}

// Codes are exit codes.
type Codes []int

func (c *Codes) read(v *value) error {
	values := []*value{v}
	if v.kind == list {
		values = v.list
	}
	var codes Codes
	for _, item := range values {
		n, err := strconv.Atoi(item.text)
		if item.kind != number && !item.isText() || err != nil || n < 0 || n > 255 {
			return errors.New("use a number from 0 to 255, or a list of them")
		}
		codes = append(codes, n)
	}
	*c = codes
	return nil
}

// Env are variables. A number and a boolean are the text that they were written as.
type Env map[string]string

func (e *Env) read(v *value) error {
	if v.kind != mapping {
		return errors.New("use NAME: VALUE, a line each")
	}
	variables := Env{}
	for _, p := range v.pairs {
		name := p.key.text
		switch {
		case name == "" || strings.ContainsAny(name, "=\x00"):
			return p.key.fail(fmt.Sprintf("%q is no name of a variable", name))
		case p.value.kind == null:
			return p.value.fail(fmt.Sprintf("%s has no value: write \"\" for an empty one, or leave it out", name))
		case p.value.kind == list || p.value.kind == mapping:
			return p.value.fail(fmt.Sprintf("%s is not a text: put it in quotes", name))
		case strings.Contains(p.value.text, "\x00"):
			return p.value.fail("a variable has no byte 0")
		}
		variables[name] = p.value.text
	}
	if *e = nil; len(variables) > 0 {
		*e = variables
	}
	return nil
}

// Fields are those of an object whose meaning others know.
type Fields map[string]any

func (f *Fields) read(v *value) error {
	fields, ok := v.plain().(map[string]any)
	if !ok {
		return errors.New("use NAME: VALUE, a line each")
	}
	if *f = nil; len(fields) > 0 {
		*f = fields
	}
	return nil
}

// DependsOn are applications that must be there first, with "started" or "healthy".
type DependsOn map[string]string

func (d *DependsOn) read(v *value) error {
	*d = DependsOn{}
	if v.kind == list || v.isText() {
		var names List
		if err := names.read(v); err != nil {
			return err
		}
		for _, name := range names {
			(*d)[name] = "started"
		}
		return nil
	}
	if v.kind != mapping {
		return errors.New("use the names of applications, or NAME: started or NAME: healthy, a line each")
	}
	for _, p := range v.pairs {
		if p.value.text != "started" && p.value.text != "healthy" {
			return p.value.fail(fmt.Sprintf("%s: use started or healthy", p.key.text))
		}
		(*d)[p.key.text] = p.value.text
	}
	return nil
}
