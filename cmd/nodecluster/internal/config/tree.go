package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// kind is what a value of a file is.
type kind int

const (
	null kind = iota
	boolean
	number
	text
	list
	mapping
)

// value is a value of a file, with where it stands. Anchors and merges are resolved.
type value struct {
	kind         kind
	text         string // of a scalar, as it was written
	list         []*value
	pairs        []pair
	line, column int
}

// pair is an entry of a mapping.
type pair struct{ key, value *value }

func (v *value) isText() bool { return v.kind == text }

// texts are those of a list.
func (v *value) texts() (texts []string, err error) {
	for _, item := range v.list {
		if item.kind != text && item.kind != number {
			return nil, item.fail("use texts only in this list: put it in quotes")
		}
		texts = append(texts, item.text)
	}
	return texts, nil
}

// get is the value of a key, nil if there is none.
func (v *value) get(key string) *value {
	for _, p := range v.pairs {
		if p.key.text == key {
			return p.value
		}
	}
	return nil
}

// placed is an error that knows where it is.
type placed struct {
	line, column int
	message      string
}

func (e *placed) Error() string { return e.message }

func (v *value) fail(message string) error { return &placed{v.line, v.column, message} }

// place has an error that does not know where it is be at this value.
func (v *value) place(err error) error {
	var known *placed
	if err == nil || errors.As(err, &known) {
		return err
	}
	return v.fail(err.Error())
}

// maxValues is how many values a file may have once its anchors are resolved.
const maxValues = 500_000

// maxDepth is how deep they may be in each other.
const maxDepth = 32

// parseYAML reads a text of YAML, of which JSON is a part.
func parseYAML(source []byte) (v *value, err error) {
	defer func() {
		// A fault of the parser is not to end the program.
		if fault := recover(); fault != nil {
			v, err = nil, fmt.Errorf("it cannot be read as YAML")
		}
	}()
	file, err := parser.ParseBytes(source, 0)
	if err != nil {
		return nil, fromParser(err)
	}
	var body ast.Node
	for _, doc := range file.Docs {
		switch {
		case doc.Body == nil:
		case body != nil:
			at := doc.Body.GetToken().Position
			return nil, &placed{at.Line, at.Column, "there is a second document: put all applications into one list"}
		default:
			body = doc.Body
		}
	}
	if body == nil {
		return &value{}, nil
	}
	r := resolver{anchors: map[string]ast.Node{}}
	return r.resolve(body, 0)
}

func fromParser(err error) error {
	var known interface {
		GetMessage() string
		GetToken() *token.Token
	}
	if !errors.As(err, &known) {
		return err
	}
	message, _, _ := strings.Cut(known.GetMessage(), "\n")
	if known.GetToken() == nil || known.GetToken().Position == nil {
		return errors.New(message)
	}
	at := known.GetToken().Position
	return &placed{at.Line, at.Column, message}
}

// resolver makes values of the parser's nodes.
type resolver struct {
	anchors map[string]ast.Node
	open    []string // the anchors that are being resolved
	values  int
}

func (r *resolver) resolve(node ast.Node, depth int) (*value, error) {
	v := &value{}
	if t := node.GetToken(); t != nil && t.Position != nil {
		v.line, v.column = t.Position.Line, t.Position.Column
	}
	if r.values++; r.values > maxValues || depth > maxDepth {
		return nil, v.fail("there is too much in the file")
	}
	switch n := node.(type) {
	case *ast.AnchorNode:
		r.anchors[n.Name.GetToken().Value] = n.Value
		return r.resolve(n.Value, depth+1)
	case *ast.AliasNode:
		return r.resolveAlias(n, v, depth)
	case *ast.SequenceNode:
		return v, r.resolveList(n, v, depth)
	case *ast.MappingNode:
		return v, r.resolveMapping(n.Values, v, depth)
	case *ast.MappingValueNode:
		return v, r.resolveMapping([]*ast.MappingValueNode{n}, v, depth)
	case *ast.TagNode:
		if n.GetToken().Value != "!!str" {
			return nil, v.fail("leave out the tag " + n.GetToken().Value)
		}
		inner, err := r.resolve(n.Value, depth+1)
		if err == nil && inner.kind < text {
			inner.kind = text
		}
		return inner, err
	}
	return v, scalar(node, v)
}

// scalar reads a value that has no others in it.
func scalar(node ast.Node, v *value) error {
	switch n := node.(type) {
	case *ast.NullNode:
	case *ast.BoolNode:
		v.kind, v.text = boolean, strings.ToLower(n.GetToken().Value)
	case *ast.IntegerNode, *ast.FloatNode:
		v.kind, v.text = number, node.GetToken().Value
	case *ast.StringNode:
		v.kind, v.text = text, n.Value
	case *ast.LiteralNode:
		v.kind, v.text = text, n.Value.Value
	case *ast.InfinityNode, *ast.NanNode:
		v.kind, v.text = number, node.GetToken().Value
	default:
		return v.fail("this is neither a text, a number, a list nor a mapping")
	}
	return nil
}

func (r *resolver) resolveAlias(n *ast.AliasNode, v *value, depth int) (*value, error) {
	name := n.Value.GetToken().Value
	to, ok := r.anchors[name]
	if !ok || slices.Contains(r.open, name) {
		return nil, v.fail(fmt.Sprintf("there is no &%s before this", name))
	}
	r.open = append(r.open, name)
	defer func() { r.open = r.open[:len(r.open)-1] }()
	return r.resolve(to, depth+1)
}

func (r *resolver) resolveList(n *ast.SequenceNode, v *value, depth int) error {
	v.kind, v.list = list, []*value{}
	for _, node := range n.Values {
		item, err := r.resolve(node, depth+1)
		if err != nil {
			return err
		}
		v.list = append(v.list, item)
	}
	return nil
}

func (r *resolver) resolveMapping(entries []*ast.MappingValueNode, v *value, depth int) error {
	v.kind = mapping
	var merged []*value
	seen := map[string]bool{}
	for _, entry := range entries {
		item, err := r.resolve(entry.Value, depth+1)
		if err != nil {
			return err
		}
		if _, ok := entry.Key.(*ast.MergeKeyNode); ok {
			merged = append(merged, item)
			continue
		}
		key, err := r.resolve(entry.Key, depth+1)
		if err != nil {
			return err
		}
		if key.kind == list || key.kind == mapping {
			return key.fail("a key is a text")
		}
		if seen[key.text] {
			return key.fail(fmt.Sprintf("%s is there twice", key.text))
		}
		if len(seen) == 0 {
			v.line, v.column = key.line, key.column
		}
		seen[key.text] = true
		v.pairs = append(v.pairs, pair{key, item})
	}
	for _, m := range merged {
		if err := v.merge(m); err != nil {
			return err
		}
	}
	return nil
}

// merge adds what << names, behind what is there already.
func (v *value) merge(m *value) error {
	switch m.kind {
	case mapping:
		for _, p := range m.pairs {
			if v.get(p.key.text) == nil {
				v.pairs = append(v.pairs, p)
			}
		}
		return nil
	case list:
		for _, item := range m.list {
			if item.kind != mapping {
				return item.fail("<< takes mappings only")
			}
			if err := v.merge(item); err != nil {
				return err
			}
		}
		return nil
	}
	return m.fail("<< takes a mapping, or a list of them")
}
