package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/kballard/go-shellquote"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/config"
	"github.com/spf13/pflag"
)

// recordedFlag is a flag that keeps what it was set to.
type recordedFlag struct {
	pflag.Value
	texts []string
}

func (f *recordedFlag) Set(text string) error {
	err := f.Value.Set(text)
	if err == nil {
		f.texts = append(f.texts, text)
	}
	return err
}

// recordFlags has the flags of a command keep what they are set to.
func recordFlags(flags *pflag.FlagSet) {
	flags.VisitAll(func(f *pflag.Flag) { f.Value = &recordedFlag{Value: f.Value} })
}

// recordOf is what a flag has kept, nil if it keeps nothing.
func recordOf(f *pflag.Flag) *recordedFlag {
	switch v := f.Value.(type) {
	case *recordedFlag:
		return v
	case envOrName:
		return v.recordedFlag
	}
	return nil
}

// fieldOf is the field of a configuration that a flag of this name fills, which may not be there.
func fieldOf(app reflect.Value, flag string) (field reflect.Value, ok bool) {
	name := strings.ReplaceAll(flag, "-", "_")
	for i := range app.NumField() {
		if tag, _, _ := strings.Cut(app.Type().Field(i).Tag.Get("json"), ","); tag == name {
			return app.Field(i), true
		}
	}
	return reflect.Value{}, false
}

// setFromFlags has an application be configured as the flags say that were set. Other flags are passed over.
func setFromFlags(app *config.App, flags *pflag.FlagSet) (err error) {
	flags.Visit(func(f *pflag.Flag) {
		recorded := recordOf(f)
		field, ok := fieldOf(reflect.ValueOf(app).Elem(), f.Name)
		if recorded == nil || len(recorded.texts) == 0 || !ok || err != nil {
			return
		}
		if err = setField(field, recorded.texts, f.Name == "node-args"); err != nil {
			err = fmt.Errorf("--%s: %w", f.Name, err)
		}
	})
	if folder, folderErr := os.Getwd(); folderErr == nil { // else paths have no meaning at all
		app.Anchor(folder)
	}
	return err
}

// setField fills a field with what a flag was set to, again and again. A command is split as a shell does.
func setField(field reflect.Value, texts []string, isCommand bool) error {
	last := texts[len(texts)-1]
	switch field.Kind() {
	case reflect.Pointer:
		field.Set(reflect.New(field.Type().Elem()))
		return setField(field.Elem(), texts, isCommand)
	case reflect.String:
		if _, isDuration := field.Interface().(config.Duration); isDuration {
			last = string(config.DurationOf(last))
		}
		field.SetString(last)
	case reflect.Bool:
		field.SetBool(last != "false")
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(last, 10, 64)
		field.SetInt(n)
		return err
	case reflect.Map:
		field.Set(reflect.MakeMap(field.Type()))
		for _, text := range texts {
			name, value, _ := strings.Cut(text, "=")
			field.SetMapIndex(reflect.ValueOf(name), reflect.ValueOf(value))
		}
	case reflect.Slice:
		if isCommand {
			words, err := shellquote.Split(last)
			field.Set(reflect.ValueOf(words).Convert(field.Type()))
			return err
		}
		return setList(field, texts)
	}
	return nil
}

// setList fills a list of texts or of numbers.
func setList(field reflect.Value, texts []string) error {
	list := reflect.MakeSlice(field.Type(), len(texts), len(texts))
	for i, text := range texts {
		if err := setField(list.Index(i), []string{text}, false); err != nil {
			return err
		}
	}
	field.Set(list)
	return nil
}

// notFlags are fields that are no flags, or not those that describe how an application is run.
var notFlags = []string{"name", "kind", "script", "egg", "agent_node", "args", "autostart", "depends_on"}

// flagsOf are the flags that say what an application's configuration says.
func flagsOf(app config.App) (args []string, err error) {
	text, err := json.Marshal(app)
	if err != nil {
		return nil, err
	}
	var fields map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // a million is else 1e+06
	if err := decoder.Decode(&fields); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if !slices.Contains(notFlags, name) {
			args = append(args, flagTexts("--"+strings.ReplaceAll(name, "_", "-"), fields[name])...)
		}
	}
	return args, nil
}

// flagTexts are a flag with a value of JSON, once for each part of it.
func flagTexts(flag string, value any) (args []string) {
	switch value := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			args = append(args, fmt.Sprintf("%s=%s=%v", flag, name, value[name]))
		}
	case []any:
		var words []string
		for _, part := range value {
			words = append(words, fmt.Sprint(part))
		}
		if flag == "--node-args" {
			return []string{flag + "=" + shellquote.Join(words...)}
		}
		for _, word := range words {
			args = append(args, flag+"="+word)
		}
	default:
		args = append(args, fmt.Sprintf("%s=%v", flag, value))
	}
	return args
}
