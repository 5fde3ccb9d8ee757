package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"iter"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

type object = map[string]any

// A description is openapi.yaml.
type description struct {
	t    *testing.T
	root object
	used map[string]bool // the schemas that a type was held against
}

func describedBy(t *testing.T) *description {
	t.Helper()
	d := &description{t: t, used: map[string]bool{}}
	if err := yaml.UnmarshalWithOptions(openapi, &d.root, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	return d
}

// at follows a path, and references on it.
func (d *description) at(path ...string) object {
	d.t.Helper()
	here := d.root
	for _, name := range path {
		next, ok := here[name].(object)
		if !ok {
			d.t.Fatalf("openapi.yaml has no %q in %q", name, path)
		}
		here = d.resolve(next)
	}
	return here
}

func (d *description) resolve(o object) object {
	ref, ok := o["$ref"].(string)
	if !ok {
		return o
	}
	return d.at(strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
}

func (d *description) operation(r route) []string {
	return []string{"paths", r.path, strings.ToLower(r.method)}
}

// schema is the JSON of a body or of a response.
func (d *description) schema(path ...string) object {
	content := d.at(append(path, "content", "application/json")...)
	schema, _ := content["schema"].(object)
	return schema
}

func table() []route { return NewServer(&testService{}, ServerOptions{}).table() }

func TestDescriptionHasEveryRoute(t *testing.T) {
	var want, got []string
	for _, r := range table() {
		want = append(want, r.method+" "+r.path)
	}
	for path, methods := range describedBy(t).at("paths") {
		for method := range methods.(object) {
			got = append(got, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("openapi.yaml describes %q, and the server has %q", got, want)
	}
}

// Every type that a handler takes or gives is described field by field.
func TestDescriptionHasEveryField(t *testing.T) {
	d := describedBy(t)
	for _, r := range table() {
		if r.takes != nil {
			body := append(d.operation(r), "requestBody")
			d.compare(r.path+" takes", d.schema(body...), r.takes)
			if required, _ := d.at(body...)["required"].(bool); required != (len(neededNames(r.takes)) > 0) {
				t.Errorf("%s: the body is required: %v", r.path, required)
			}
		} else if d.at(d.operation(r)...)["requestBody"] != nil {
			t.Errorf("%s takes nothing", r.path)
		}
		if r.gives != nil {
			d.compare(r.path+" gives", d.schema(append(d.operation(r), "responses", "200")...), r.gives)
		}
	}
	for name := range d.at("components", "responses") {
		d.compare("the error "+name, d.schema("components", "responses", name), reflect.TypeFor[Error]())
	}
	d.compare("an event", object{"$ref": "#/components/schemas/Event"}, reflect.TypeFor[Event]())
	for name := range d.at("components", "schemas") {
		if !d.used[name] {
			t.Errorf("openapi.yaml describes %s, which nothing is", name)
		}
	}
}

// compare holds a schema against a type.
func (d *description) compare(where string, schema object, typ reflect.Type) {
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	name := typ.Name()
	if typ == reflect.TypeFor[struct{}]() {
		name = "Nothing"
	}
	if ref, ok := schema["$ref"].(string); ok {
		if ref != "#/components/schemas/"+name {
			d.t.Errorf("%s: %s is described by %s", where, typ, ref)
			return
		}
		if d.used[name] {
			return
		}
		d.used[name] = true
		schema = d.resolve(schema)
	}
	switch {
	case typ == reflect.TypeFor[time.Time]():
		d.want(where, schema, "type", "string")
		d.want(where, schema, "format", "date-time")
	case strings.HasSuffix(where, " Data.data"): // any JSON
		if schema["type"] != nil {
			d.t.Errorf("%s: openapi.yaml says that it has the type %v", where, schema["type"])
		}
	case typ == reflect.TypeFor[json.RawMessage]():
		d.want(where, schema, "type", "object")
	case typ.Kind() == reflect.Struct:
		d.compareFields(where+" "+name, schema, typ)
	case typ.Kind() == reflect.Slice:
		d.want(where, schema, "type", "array")
		d.compareElement(where, schema["items"], typ)
	case typ.Kind() == reflect.Map:
		d.want(where, schema, "type", "object")
		d.compareElement(where, schema["additionalProperties"], typ)
	case typ.Kind() == reflect.String && name != "string":
		d.want(where, schema, "type", "string")
		values := constants(d.t, func(c constant) bool { return c.typ == name })
		if got := texts(schema["enum"]); !slices.Equal(got, values) {
			d.t.Errorf("%s: %s is one of %q in openapi.yaml, and of %q in types.go", where, typ, got, values)
		}
	default:
		d.want(where, schema, "type", map[reflect.Kind]string{
			reflect.String: "string", reflect.Bool: "boolean", reflect.Float64: "number",
			reflect.Int: "integer", reflect.Int64: "integer", reflect.Uint64: "integer",
		}[typ.Kind()])
	}
}

func (d *description) compareElement(where string, schema any, typ reflect.Type) {
	o, ok := schema.(object)
	if !ok {
		d.t.Errorf("%s: openapi.yaml does not say what is in it", where)
		return
	}
	d.compare(where, o, typ.Elem())
}

func (d *description) want(where string, schema object, name, want string) {
	if schema[name] != want {
		d.t.Errorf("%s: %s is %v in openapi.yaml, want %s", where, name, schema[name], want)
	}
}

func (d *description) compareFields(where string, schema object, typ reflect.Type) {
	if all, ok := schema["allOf"].([]any); ok { // an embedded type, and the fields
		embedded := all[0].(object)
		field, ok := typ.FieldByName(strings.TrimPrefix(fmt.Sprint(embedded["$ref"]), "#/components/schemas/"))
		if !ok || !field.Anonymous || len(all) != 2 {
			d.t.Errorf("%s: openapi.yaml has another type embedded", where)
			return
		}
		d.compare(where, embedded, field.Type)
		schema = all[1].(object)
	} else if i := slices.IndexFunc(reflect.VisibleFields(typ), func(f reflect.StructField) bool { return f.Anonymous }); i >= 0 {
		d.t.Errorf("%s: openapi.yaml has no %s embedded", where, typ.Field(i).Name)
	}
	d.want(where, schema, "type", "object")
	properties, _ := schema["properties"].(object)
	if got, want := slices.Sorted(maps.Keys(properties)), sorted(jsonNames(typ)); !slices.Equal(got, want) {
		d.t.Errorf("%s: openapi.yaml has the fields %q, and the type %q", where, got, want)
	}
	if got, want := sorted(texts(schema["required"])), sorted(neededNames(typ)); !slices.Equal(got, want) {
		d.t.Errorf("%s: openapi.yaml requires %q, and the type has always %q", where, got, want)
	}
	for i := range typ.NumField() {
		field := typ.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if property, ok := properties[name].(object); ok {
			d.compare(where+"."+name, property, field.Type)
		}
	}
}

func sorted(texts []string) []string { return slices.Sorted(slices.Values(texts)) }

func texts(list any) []string {
	var texts []string
	values, _ := list.([]any)
	for _, v := range values {
		texts = append(texts, fmt.Sprint(v))
	}
	return texts
}

type constant struct{ name, typ, value string }

// constants are the values of constants in types.go, in order.
func constants(t *testing.T, take func(constant) bool) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "types.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		literal, ok := spec.Values[0].(*ast.BasicLit)
		if !ok {
			return true
		}
		c := constant{name: spec.Names[0].Name}
		if typ, ok := spec.Type.(*ast.Ident); ok {
			c.typ = typ.Name
		}
		if c.value, err = strconv.Unquote(literal.Value); err == nil && take(c) {
			values = append(values, c.value)
		}
		return true
	})
	return values
}

func TestDescriptionHasEveryCode(t *testing.T) {
	want := constants(t, func(c constant) bool { return strings.HasPrefix(c.name, "Code") })
	code := describedBy(t).at("components", "schemas", "Error", "properties", "code")
	if got := texts(code["enum"]); !slices.Equal(got, want) {
		t.Errorf("openapi.yaml has the codes %q, and types.go %q", got, want)
	}
	if got := slices.Sorted(maps.Keys(statuses)); !slices.Equal(got, sorted(want)) {
		t.Errorf("statuses has the codes %q, and types.go %q", got, want)
	}
}

// failing is a service all of whose methods do the same.
func failing(fail func() error) Service {
	return &testService{
		app:     func() (App, error) { return App{}, fail() },
		events:  func(context.Context) iter.Seq[Event] { fail(); return func(func(Event) bool) {} },
		reload:  func(context.Context, Reload) (Result, error) { return Result{}, fail() },
		restart: func(context.Context) (Result, error) { return Result{}, fail() },
		scale:   func(context.Context, Scale) (Result, error) { return Result{}, fail() },
		signal:  func(Signal) error { return fail() },
		trigger: func(Trigger) (Triggered, error) { return Triggered{}, fail() },
		data:    func(Data) (Sent, error) { return Sent{}, fail() },
		drain:   func(context.Context) error { return fail() },
		bare:    func(string) error { return fail() },
		metrics: func(http.ResponseWriter, *http.Request) { fail() },
		live:    fail, ready: fail,
	}
}

func with(code string) Service { return failing(func() error { return &Error{Code: code} }) }

// An asking is how a route is asked: of which service, with which body, and by whom.
type asking struct {
	service Service
	body    string
	may     access
}

// askingsOf have the route answer in every way that it can.
func askingsOf(r route) []asking {
	good := map[reflect.Type]string{
		reflect.TypeFor[Scale](): `{"instances":"1"}`, reflect.TypeFor[Signal](): `{"signal":"SIGUSR2"}`, reflect.TypeFor[Trigger](): `{"action":"clean"}`,
		reflect.TypeFor[Data](): `{"topic":"a topic","data":null}`,
	}[r.takes]
	fine := &testService{
		events: func(context.Context) iter.Seq[Event] { return func(func(Event) bool) {} },
		metrics: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		},
	}
	all := []asking{{fine, good, accessAll}, {fine, good, accessNothing}}
	if r.path != "/v1/openapi.yaml" {
		all = append(all, asking{failing(func() error { panic("oh no") }), good, accessAll})
	}
	if r.takes != nil {
		all = append(all, asking{fine, "{", accessAll}, asking{with(CodeUnknown), good, accessAll}, asking{with(CodeBusy), good, accessAll})
	}
	if r.takes != nil || r.path == "/v1/app" {
		all = append(all, asking{with(CodeFailed), good, accessAll}, asking{with(CodeStopping), good, accessAll})
	}
	if r.path == "/livez" || r.path == "/readyz" {
		all = append(all, asking{failing(func() error { return errors.New("any") }), good, accessAll})
	}
	return all
}

// answerTo gives the status and the type of what comes back.
func answerTo(r route, a asking) (status, kind string) {
	s := NewServer(a.service, ServerOptions{})
	w := httptest.NewRecorder()
	request := httptest.NewRequest(r.method, "http://supervisor"+r.path, strings.NewReader(a.body))
	s.http.Handler.ServeHTTP(w, request.WithContext(context.WithValue(request.Context(), accessKey{}, a.may)))
	kind, _, _ = strings.Cut(w.Header().Get("Content-Type"), ";")
	return strconv.Itoa(w.Code), kind
}

// Each operation answers with the statuses and types that are described, and no others.
func TestDescriptionHasEveryStatus(t *testing.T) {
	d := describedBy(t)
	for _, r := range table() {
		got := map[string]bool{}
		for _, a := range askingsOf(r) {
			status, kind := answerTo(r, a)
			got[status] = true
			if d.at(append(d.operation(r), "responses", status, "content")...)[kind] == nil {
				t.Errorf("%s answers %s with %s, which is not described", r.path, status, kind)
			}
		}
		described := slices.Sorted(maps.Keys(d.at(append(d.operation(r), "responses")...)))
		if answered := slices.Sorted(maps.Keys(got)); !slices.Equal(answered, described) {
			t.Errorf("%s %s answers %v, and %v are described", r.method, r.path, answered, described)
		}
	}
}

func TestDescriptionIsServed(t *testing.T) {
	r := newRig(t, &testService{}, ServerOptions{})
	got, err := r.ask(t.Context(), "GET", "/v1/openapi.yaml", nil)
	if err != nil || string(got) != string(openapi) {
		t.Errorf("%.40q (%v)", got, err)
	}
}
