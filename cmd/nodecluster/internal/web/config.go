package web

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	g "maragu.dev/gomponents"
)

// setting is a line of a configuration. A masked one has no value.
type setting struct {
	name, value string
	isMasked    bool
}

const mask = "••••••"

// secretFlag finds what follows the name of a secret in an argument, such as --api-token=… and password=….
var secretFlag = regexp.MustCompile(`(?i)((?:pass(?:word|wd|phrase)?|secret|token|key|credentials?)[a-z0-9_-]*=).+`)

// secretURL finds the password in a URL.
var secretURL = regexp.MustCompile(`(://[^/@:\s]*:)[^/@\s]+@`)

// settingsOf gives what a configuration says, by name, without what is to stay a secret: the values of all variables of the environment,
// and what looks like one in the arguments.
func settingsOf(config json.RawMessage) []setting {
	var fields map[string]json.RawMessage
	if json.Unmarshal(config, &fields) != nil {
		return nil
	}
	var settings []setting
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if name == "env" {
			settings = append(settings, variablesOf(fields[name])...)
			continue
		}
		value := secretFlag.ReplaceAllString(textOf(fields[name]), "${1}"+mask)
		settings = append(settings, setting{name: name, value: secretURL.ReplaceAllString(value, "${1}"+mask+"@")})
	}
	return settings
}

func variablesOf(env json.RawMessage) []setting {
	var variables map[string]json.RawMessage
	if json.Unmarshal(env, &variables) != nil {
		return []setting{{name: "env", isMasked: true}}
	}
	var settings []setting
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		settings = append(settings, setting{name: "env: " + name, isMasked: true})
	}
	return settings
}

// textOf writes a value for people: a list with a line for each of it, a text as it is, and anything else as JSON.
func textOf(value json.RawMessage) string {
	var text string
	var list []json.RawMessage
	switch {
	case json.Unmarshal(value, &text) == nil:
		return text
	case json.Unmarshal(value, &list) == nil:
		parts := make([]string, len(list))
		for i, v := range list {
			parts[i] = textOf(v)
		}
		return strings.Join(parts, "\n")
	}
	var compact bytes.Buffer
	if json.Compact(&compact, value) != nil {
		return string(value)
	}
	return compact.String()
}

// configTable shows what a configuration says.
func configTable(config json.RawMessage) g.Node {
	settings := settingsOf(config)
	if len(settings) == 0 {
		return el("p", class("muted"), text("It is not known."))
	}
	return el("table", class("config"), el("tbody", g.Map(settings, func(s setting) g.Node {
		value := el("code", text(s.value))
		if s.isMasked {
			value = muted("not shown")
		}
		return el("tr", el("th", attr("scope", "row"), el("code", text(s.name))), el("td", value))
	})))
}
