package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/jsonschema-go/jsonschema"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/config"
)

const committed = "../../../docs/nodecluster.schema.json"

func TestSchemaIsCurrent(t *testing.T) {
	want, err := schema("../app.go")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(committed)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("the schema is not that of the types: run go generate ./cmd/nodecluster/internal/config")
	}
}

func resolved(t *testing.T) *jsonschema.Resolved {
	t.Helper()
	text, err := os.ReadFile(committed)
	if err != nil {
		t.Fatal(err)
	}
	var s jsonschema.Schema
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	r, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// validate gives what the schema has against a text of YAML.
func validate(t *testing.T, r *jsonschema.Resolved, text string) error {
	t.Helper()
	asJSON, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	var v any
	if err := json.Unmarshal(asJSON, &v); err != nil {
		t.Fatal(err)
	}
	return r.Validate(v)
}

// TestExamples: the schema and the program agree about what stands in the docs, in what init writes and below.
func TestExamples(t *testing.T) {
	r := resolved(t)
	docs, err := os.ReadFile("../../../docs/config.md")
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{config.Example(), strings.NewReplacer("    #   ", "      ", "    # ", "    ").Replace(config.Example())}
	found := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(docs), -1)
	for _, block := range found {
		texts = append(texts, block[1])
	}
	if len(found) == 0 {
		t.Error("the docs have no example")
	}
	texts = append(texts, "script: a.js", "[{script: a.js, instances: -1, env_test: {A: 1}, watch: true, depends_on: {b: healthy}}]",
		"{apps: {script: a.js, max_memory_restart: 1M, args: [1, b], stop_exit_codes: 3}, x-shared: 3}")
	for _, text := range texts {
		if err := validate(t, r, text); err != nil {
			t.Errorf("the schema is against it: %v\n%s", err, text)
		}
		if err := load(t, text); err != nil {
			t.Errorf("the program is against it: %v\n%s", err, text)
		}
	}
}

func TestMistakes(t *testing.T) {
	r := resolved(t)
	for _, text := range []string{
		"name: a", "script: [a]", "script: a.js\ninstancez: 2", "script: a.js\ninstances: many", "script: a.js\nkill_timeout: soon",
		"script: a.js\nsched: fair", "script: a.js\nenv: {A: [1]}", "script: a.js\nenv_test: 3", "script: a.js\nstop_exit_codes: 256",
		"script: a.js\nparallel: 0", "script: a.js\nmax_memory: 1T", "apps: [{name: a}]", "{apps: [], port: 3}", "script: a.js\nwait_ready: 1",
		"script: a.js\nenv_file: {A: 1}", "script: a.js\ndepends_on: {b: ready}",
	} {
		if validate(t, r, text) == nil {
			t.Errorf("the schema has nothing against it:\n%s", text)
		}
		if load(t, text) == nil {
			t.Errorf("the program has nothing against it:\n%s", text)
		}
	}
}

func load(t *testing.T, text string) error {
	t.Helper()
	path := filepath.Join(t.TempDir(), "nodecluster.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err := config.Load(path, config.LoadOptions{})
	return err
}

// TestDocs: the tables have each field, and each name of PM2's.
func TestDocs(t *testing.T) {
	docs, err := os.ReadFile("../../../docs/config.md")
	if err != nil {
		t.Fatal(err)
	}
	for name := range resolved(t).Schema().Defs["app"].Properties {
		if !strings.Contains(string(docs), "`"+name+"`") {
			t.Errorf("config.md says nothing of %s", name)
		}
	}
}
