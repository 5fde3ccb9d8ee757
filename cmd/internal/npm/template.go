package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	// source is the folder that the npm package is made of.
	source = "cmd/nodecluster/npm"
	// noVersion is where a version is to be written.
	noVersion = `"0.0.0"`
)

// preloads are what the npm package has of the program's own scripts.
var preloads = []string{"cmd/nodecluster/internal/adopt/preload.cjs", "cmd/nodecluster/internal/interpose/spawn.cjs"}

// template is the package.json of the npm package, without a version.
type template struct {
	text string

	Homepage             string            `json:"homepage"`
	Bugs                 string            `json:"bugs"`
	Repository           map[string]string `json:"repository"`
	License              string            `json:"license"`
	Engines              map[string]string `json:"engines"`
	OptionalDependencies map[string]string `json:"optionalDependencies"`
}

func readTemplate() (t template, err error) {
	text, err := os.ReadFile(filepath.Join(source, "package.json"))
	if err != nil {
		return t, err
	}
	t.text = string(text)
	return t, json.Unmarshal(text, &t)
}

// platforms are those of the optional dependencies, in their order, or one of them.
func (t template) platforms(only string) (platforms []platform, err error) {
	for name := range t.OptionalDependencies {
		system, cpu, ok := strings.Cut(strings.TrimPrefix(name, "@nodecluster/"), "-")
		if !ok {
			return nil, fmt.Errorf("%s names no platform: want @nodecluster/OS-CPU", name)
		}
		platforms = append(platforms, platform{system, cpu})
	}
	slices.SortFunc(platforms, func(a, b platform) int { return strings.Compare(a.String(), b.String()) })
	if only == "" {
		return platforms, nil
	}
	i := slices.IndexFunc(platforms, func(p platform) bool { return p.String() == only })
	if i < 0 {
		return nil, fmt.Errorf("no platform %s, only %v", only, platforms)
	}
	return platforms[i : i+1], nil
}

// write writes the npm package.
func (t template) write(folder, version string) error {
	if err := os.CopyFS(folder, os.DirFS(source)); err != nil {
		return err
	}
	for _, script := range preloads {
		if err := copyFile(script, filepath.Join(folder, filepath.Base(script))); err != nil {
			return err
		}
	}
	return errors.Join(
		copyFile("LICENSE", filepath.Join(folder, "LICENSE")),
		os.WriteFile(filepath.Join(folder, "package.json"), []byte(strings.ReplaceAll(t.text, noVersion, `"`+version+`"`)), 0o644),
	)
}

// manifest is the package.json of a platform's package.
type manifest struct {
	Name            string            `json:"name"`
	Version         string            `json:"version"`
	Description     string            `json:"description"`
	Homepage        string            `json:"homepage"`
	Bugs            string            `json:"bugs"`
	Repository      map[string]string `json:"repository"`
	License         string            `json:"license"`
	Engines         map[string]string `json:"engines"`
	OS              []string          `json:"os"`
	CPU             []string          `json:"cpu"`
	PreferUnplugged bool              `json:"preferUnplugged"` // Yarn keeps a program in no archive then
	PublishConfig   map[string]string `json:"publishConfig"`
	Files           []string          `json:"files"`
}

// writePlatform writes the package of a platform, without its program and the licences of others.
func (t template) writePlatform(folder string, p platform, version string) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(manifest{
		Name:            "@nodecluster/" + p.String(),
		Version:         version,
		Description:     "The program of the package nodecluster for " + p.String(),
		Homepage:        t.Homepage,
		Bugs:            t.Bugs,
		Repository:      t.Repository,
		License:         t.License,
		Engines:         t.Engines,
		OS:              []string{p.os},
		CPU:             []string{p.cpu},
		PreferUnplugged: true,
		PublishConfig:   map[string]string{"access": "public"}, // npm takes a name with a scope for a private package
		Files:           []string{"bin", "THIRD-PARTY-LICENSES"},
	})
	if err != nil {
		return err
	}
	const about = "# @nodecluster/%[1]s\n\nThe program of [nodecluster](https://www.npmjs.com/package/nodecluster) for %[1]s. Install nodecluster, not this.\n"
	readme := fmt.Sprintf(about, p)
	return errors.Join(
		os.WriteFile(filepath.Join(folder, "package.json"), text.Bytes(), 0o644),
		os.WriteFile(filepath.Join(folder, "README.md"), []byte(readme), 0o644),
		copyFile("LICENSE", filepath.Join(folder, "LICENSE")),
	)
}

func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o644)
}
