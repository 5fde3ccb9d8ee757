package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
)

// noticeName matches the names of files that have to go with a program that has code of theirs.
var noticeName = regexp.MustCompile(`(?i)^(licen[cs]e|notice|copying|patents)([.-].*)?$`)

// notices are the licences of what is linked into a program, by module.
type notices map[string]*notice

// notice is what one module has.
type notice struct {
	version string
	files   map[string]string // texts by name, which is a path in the module
}

// linkedPackage is what go list tells of a package.
type linkedPackage struct {
	Dir        string
	Standard   bool
	EmbedFiles []string
	Module     *struct {
		Path, Version, Dir string
		Main               bool
	}
}

// notices returns those of the platform's program: what is in the folders of each package and above it, to its module's.
func (p platform) notices() (notices, error) {
	out, err := p.run("list", "-deps", "-json=Dir,Standard,EmbedFiles,Module", program)
	if err != nil {
		return nil, err
	}
	goRoot, err := p.run("env", "GOROOT")
	if err != nil {
		return nil, err
	}
	n := notices{}
	if err := n.addFolder("Go", runtime.Version(), strings.TrimSpace(string(goRoot)), "."); err != nil {
		return nil, err
	}
	for list := json.NewDecoder(bytes.NewReader(out)); ; {
		var linked linkedPackage
		if err := list.Decode(&linked); errors.Is(err, io.EOF) {
			return n, nil
		} else if err != nil {
			return nil, err
		}
		if linked.Standard {
			continue
		}
		if err := n.addPackage(linked); err != nil {
			return nil, err
		}
	}
}

func (n notices) addPackage(linked linkedPackage) error {
	module := linked.Module
	folder, err := filepath.Rel(module.Dir, linked.Dir)
	if err != nil {
		return err
	}
	if module.Main {
		return n.addEmbedded(linked)
	}
	for ; ; folder = filepath.Dir(folder) {
		if err := n.addFolder(module.Path, module.Version, module.Dir, folder); err != nil || folder == "." {
			return err
		}
	}
}

// addEmbedded adds the licences among the files that a package of our own has in itself: they are of what lies beside them.
func (n notices) addEmbedded(linked linkedPackage) error {
	for _, name := range linked.EmbedFiles {
		if !noticeName.MatchString(filepath.Base(name)) {
			continue
		}
		if err := n.addFile(filepath.Base(filepath.Dir(name)), "", linked.Dir, name); err != nil {
			return err
		}
	}
	return nil
}

// addFolder adds what lies in one folder of a module.
func (n notices) addFolder(module, version, root, folder string) error {
	entries, err := os.ReadDir(filepath.Join(root, folder))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !entry.Type().IsRegular() || !noticeName.MatchString(entry.Name()) || filepath.Ext(entry.Name()) == ".go" {
			continue
		}
		if err := n.addFile(module, version, root, filepath.Join(folder, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

func (n notices) addFile(module, version, root, name string) error {
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		return err
	}
	if n[module] == nil {
		n[module] = &notice{version: version, files: map[string]string{}}
	}
	n[module].files[filepath.ToSlash(name)] = strings.TrimSpace(string(text))
	return nil
}

// expect returns an error unless there are licences of Go and of all these modules in their versions.
func (n notices) expect(modules []*debug.Module) error {
	for _, module := range append(modules, &debug.Module{Path: "Go", Version: runtime.Version()}) {
		if has := n[module.Path]; has == nil || has.version != module.Version {
			return fmt.Errorf("no licence of %s %s, which is linked in: see what its sources say", module.Path, module.Version)
		}
	}
	return nil
}

// String is the text of the file THIRD-PARTY-LICENSES.
func (n notices) String() string {
	var b strings.Builder
	b.WriteString("This program has code of the following in itself, under their licences.\n")
	for _, module := range slices.Sorted(maps.Keys(n)) {
		for _, name := range slices.Sorted(maps.Keys(n[module].files)) {
			title := strings.TrimSpace(module + " " + n[module].version)
			fmt.Fprintf(&b, "\n%s\n%s: %s\n\n%s\n", strings.Repeat("-", 80), title, name, n[module].files[name])
		}
	}
	return b.String()
}
