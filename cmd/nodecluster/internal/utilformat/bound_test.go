package utilformat

import (
	"strconv"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// Whatever has filled the room, all that comes after it is left out, with each placeholder.
func TestAppendWhereThereIsNoRoom(t *testing.T) {
	const limit = 20
	long, list := strings.Repeat("x", 2*limit), &structuredclone.Array{Elements: []structuredclone.Value{"a", float64(1)}}
	for _, verb := range "sjdOoifc%x" {
		placeholder := "%" + string(verb)
		for _, arguments := range [][]structuredclone.Value{
			{long + placeholder, list}, {placeholder + long + placeholder + placeholder, list, list, list}, {"%s" + placeholder + placeholder, long, list, list},
			{"%j%s" + placeholder, list, long, list}, {"%s", long, list, long}, {list, long, list},
		} {
			const more = "… more was cut off"
			got := string(Append([]byte("before "), limit, arguments...))
			if text, found := strings.CutSuffix(got, more); !found || len(text) > len("before ")+limit || strings.Contains(text, more) {
				t.Errorf("of %q comes %q", arguments[0], got)
			}
		}
	}
}

// No text and no value has Append fail, or write more than there is room for.
func FuzzAppend(f *testing.F) {
	f.Add("%s %j %d %o %O %i %f %c %%", "two\nlines", 1.5, 30)
	f.Add("%j%j", "x", -1.5, 1)
	f.Add("%s%j", "xxxxxxxxxx", 1e300, 5)
	f.Fuzz(func(t *testing.T, template, text string, number float64, limit int) {
		limit = int(uint(limit) % (1 << 16))
		object := &structuredclone.Object{Properties: []structuredclone.Property{{Key: text, Value: number}, {Key: "message", Value: text}, {Key: "stack", Value: template}}}
		object.Set("self", object)
		got := Append(nil, limit, template, object, text, &structuredclone.Array{Elements: []structuredclone.Value{text, number, object}}, number, text, object)
		if most := limit + len("… more was cut off"); len(got) > most {
			t.Errorf("%d bytes are written, at most there may be %d", len(got), most)
		}
	})
}

// What a few bytes make large, since the same value is in many places, takes no more time than there is room for. Otherwise each of these would
// take minutes or hours.
func TestAppendOfOneValueInManyPlaces(t *testing.T) {
	const n, limit = 50_000, 1 << 18
	many := func(v structuredclone.Value) *structuredclone.Array {
		a := &structuredclone.Array{}
		for range n {
			a.Elements = append(a.Elements, v)
		}
		return a
	}
	object := func(v structuredclone.Value) *structuredclone.Object {
		o := &structuredclone.Object{}
		for i := range n {
			o.Properties = append(o.Properties, structuredclone.Property{Key: "k" + strconv.Itoa(i), Value: v})
		}
		return o
	}
	long := strings.Repeat(" \n'\"`", 1<<18)
	failure := &structuredclone.Object{Properties: []structuredclone.Property{{Key: "message", Value: long}, {Key: "stack", Value: long}}}
	for name, v := range map[string]structuredclone.Value{
		"objects of undefined in an array":   many(object(structuredclone.Undefined{})),
		"objects of undefined in an object":  object(object(structuredclone.Undefined{})),
		"objects of empty ones in an object": object(object(&structuredclone.Object{})),
		"three objects":                      object(object(object(structuredclone.Undefined{}))),
		"three arrays":                       many(many(many(1.0))),
		"a long string in an array":          many(long),
		"a long string in an object":         object(long),
		"errors":                             object(failure),
	} {
		for _, verb := range "sjdOoif" {
			arguments := append([]structuredclone.Value{strings.Repeat("%"+string(verb), n)}, many(v).Elements...)
			if got := Append(nil, limit, arguments...); len(got) > limit+len("… more was cut off") {
				t.Errorf("%s by %%%c: %d bytes", name, verb, len(got))
			}
		}
	}
}
