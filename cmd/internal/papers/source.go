package papers

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// source is what the Go files of a folder declare, on whatever system.
type source struct {
	name    string
	folder  string
	top     map[string]bool            // functions, types, variables and constants
	members map[string]map[string]bool // the fields and methods of types
	parts   map[string][]ast.Expr      // what types embed, or are other names of
	methods map[string]bool            // those of all types
	imports map[string]map[string]bool // paths, by the names that the files use
}

// readSource reads the Go files of a folder but for tests. It returns nil where there are none.
func readSource(folder string) (*source, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	s := &source{
		folder: folder, top: map[string]bool{}, members: map[string]map[string]bool{}, parts: map[string][]ast.Expr{},
		methods: map[string]bool{}, imports: map[string]map[string]bool{},
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		s.addFile(file)
	}
	if s.name == "" {
		return nil, nil
	}
	return s, nil
}

func (s *source) addFile(file *ast.File) {
	s.name = file.Name.Name
	for _, i := range file.Imports {
		full, _ := strconv.Unquote(i.Path.Value)
		name := importName(full)
		if i.Name != nil {
			name = i.Name.Name
		}
		insert(s.imports, name, full)
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			s.addFunction(d)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				s.addSpec(spec)
			}
		}
	}
}

var version = regexp.MustCompile(`^v\d+$`)

// importName is what a package is called that is imported without a name.
func importName(full string) string {
	if version.MatchString(path.Base(full)) {
		full = path.Dir(full)
	}
	return path.Base(full)
}

func (s *source) addFunction(f *ast.FuncDecl) {
	if f.Recv == nil {
		s.top[f.Name.Name] = true
		return
	}
	s.methods[f.Name.Name] = true
	if _, receiver := typeName(f.Recv.List[0].Type); receiver != "" {
		insert(s.members, receiver, f.Name.Name)
	}
}

func insert(sets map[string]map[string]bool, key, member string) {
	if sets[key] == nil {
		sets[key] = map[string]bool{}
	}
	sets[key][member] = true
}

func (s *source) addSpec(spec ast.Spec) {
	switch spec := spec.(type) {
	case *ast.ValueSpec:
		for _, n := range spec.Names {
			s.top[n.Name] = true
		}
	case *ast.TypeSpec:
		s.addType(spec)
	}
}

func (s *source) addType(t *ast.TypeSpec) {
	name := t.Name.Name
	s.top[name] = true
	var fields *ast.FieldList
	switch of := t.Type.(type) {
	case *ast.StructType:
		fields = of.Fields
	case *ast.InterfaceType:
		fields = of.Methods
	default:
		if t.Assign.IsValid() {
			s.parts[name] = append(s.parts[name], t.Type)
		}
		return
	}
	for _, f := range fields.List {
		for _, n := range f.Names {
			insert(s.members, name, n.Name)
		}
		if _, embedded := typeName(f.Type); len(f.Names) == 0 && embedded != "" {
			insert(s.members, name, embedded)
			s.parts[name] = append(s.parts[name], f.Type)
		}
	}
}

// typeName takes a type's expression apart into the name of the package that it has there, if any, and its own.
func typeName(e ast.Expr) (qualifier, name string) {
	switch e := e.(type) {
	case *ast.Ident:
		return "", e.Name
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.IndexExpr:
		return typeName(e.X)
	case *ast.IndexListExpr:
		return typeName(e.X)
	case *ast.ParenExpr:
		return typeName(e.X)
	case *ast.SelectorExpr:
		if x, ok := e.X.(*ast.Ident); ok {
			return x.Name, e.Sel.Name
		}
	}
	return "", ""
}
