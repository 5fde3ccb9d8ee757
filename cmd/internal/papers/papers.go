package papers

import (
	"fmt"
	"go/ast"
	"go/build"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Fault is something in a paper that is not so.
type Fault struct {
	Line int
	Text string
}

// Repository is the code that papers describe.
type Repository struct {
	root    string
	module  string
	sources map[string]*source   // by folder; nil where there are no Go files
	named   map[string][]*source // the packages of this module, by name
}

// NewRepository reads the Go files below root, the folder of go.mod.
func NewRepository(root string) (*Repository, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	module, err := moduleOf(root)
	if err != nil {
		return nil, err
	}
	r := &Repository{root, module, map[string]*source{}, map[string][]*source{}}
	return r, filepath.WalkDir(root, r.add)
}

// moduleOf is how the module at root is imported.
func moduleOf(root string) (string, error) {
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return "", err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	module, ok := strings.CutPrefix(first, "module ")
	if !ok {
		return "", fmt.Errorf("papers: %s/go.mod does not begin with its module", root)
	}
	return strings.TrimSpace(module), nil
}

// add reads the Go files of a folder on the way through all of them.
func (r *Repository) add(path string, d fs.DirEntry, err error) error {
	if err != nil || !d.IsDir() {
		return err
	}
	if name := d.Name(); path != r.root && (name == "testdata" || name == "node_modules" || name[0] == '.') {
		return filepath.SkipDir
	}
	s, err := r.source(path)
	if s != nil {
		r.named[s.name] = append(r.named[s.name], s)
	}
	return err
}

func (r *Repository) source(folder string) (*source, error) {
	if s, ok := r.sources[folder]; ok {
		return s, nil
	}
	s, err := readSource(folder)
	if err == nil {
		r.sources[folder] = s
	}
	return s, err
}

// Read reads a paper, whose name is relative to the root, and gives what it names and what is wrong with that.
func (r *Repository) Read(paper string) (named []Mention, faults []Fault, err error) {
	text, err := os.ReadFile(filepath.Join(r.root, paper))
	if err != nil {
		return nil, nil, err
	}
	return r.check(filepath.Join(r.root, filepath.Dir(paper)), string(text))
}

// check reads the text of a paper in folder.
func (r *Repository) check(folder, text string) (named []Mention, faults []Fault, err error) {
	local, err := r.source(folder)
	if err != nil {
		return nil, nil, err
	}
	spans, faults := readMarkdown(text)
	for _, s := range spans {
		for _, m := range s.mentions() {
			named = append(named, m)
			if !r.has(folder, local, m) {
				faults = append(faults, Fault{m.Line, m.gone(local)})
			}
		}
	}
	if len(named) == 0 {
		faults = append(faults, Fault{1, "names nothing of the code in backticks"})
	}
	return named, faults, nil
}

// gone says what is wrong where a paper names what is not there.
func (m Mention) gone(local *source) string {
	switch {
	case m.kind == file:
		return fmt.Sprintf("%s is no file or folder beside the paper or below the root", m.Text)
	case m.kind != selector && local == nil:
		return fmt.Sprintf("%s is not declared: there is no Go package beside the paper, so name it with its own", m.Text)
	}
	return fmt.Sprintf("%s is not declared", m.Text)
}

// has reports whether that is there which a paper in folder names. local is the package there, or nil.
func (r *Repository) has(folder string, local *source, m Mention) bool {
	switch m.kind {
	case file:
		return isThere(folder, m.Text) || isThere(r.root, m.Text)
	case called:
		return local != nil && (local.top[m.Text] || local.methods[m.Text])
	case typed:
		return local != nil && local.top[m.Text]
	}
	chain := strings.Split(m.Text, ".")
	packages := append(r.imported(local, chain[0]), r.named[chain[0]]...)
	return isThere(folder, m.Text) || isThere(r.root, m.Text) || r.declares(local, chain) ||
		slices.ContainsFunc(packages, func(s *source) bool { return r.declares(s, chain[1:]) })
}

func isThere(folder, path string) bool {
	found, err := filepath.Glob(filepath.Join(folder, filepath.FromSlash(path)))
	return path != "" && err == nil && len(found) > 0
}

// declares reports whether a package has a name, or a type of that name with a field or method of the next.
func (r *Repository) declares(s *source, chain []string) bool {
	if s == nil || len(chain) > 2 || !s.top[chain[0]] {
		return false
	}
	return len(chain) == 1 || r.hasMember(s, chain[0], chain[1], nil)
}

// hasMember reports whether a type has a field or method, of its own or of what it embeds. within are the types that embed it.
func (r *Repository) hasMember(s *source, typ, member string, within []string) bool {
	if slices.Contains(within, s.folder+"."+typ) {
		return false
	}
	if s.members[typ][member] {
		return true
	}
	within = append(within, s.folder+"."+typ)
	return slices.ContainsFunc(s.parts[typ], func(part ast.Expr) bool {
		qualifier, name := typeName(part)
		packages := []*source{s}
		if qualifier != "" {
			packages = r.imported(s, qualifier)
		}
		return slices.ContainsFunc(packages, func(of *source) bool { return r.hasMember(of, name, member, within) })
	})
}

// imported finds the packages that have a name in the files of s: one, or several where files differ.
func (r *Repository) imported(s *source, name string) (packages []*source) {
	if s == nil {
		return nil
	}
	for full := range s.imports[name] {
		folder, err := r.folderOf(full, s.folder)
		if err != nil {
			continue
		}
		if found, err := r.source(folder); err == nil && found != nil {
			packages = append(packages, found)
		}
	}
	return packages
}

// folderOf finds the code of a package that is imported in folder.
func (r *Repository) folderOf(full, folder string) (string, error) {
	if rest, ok := strings.CutPrefix(full+"/", r.module+"/"); ok {
		return filepath.Join(r.root, filepath.FromSlash(rest)), nil
	}
	p, err := build.Import(full, folder, build.FindOnly)
	return p.Dir, err
}
