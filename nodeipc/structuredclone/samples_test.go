package structuredclone_test

import (
	"encoding/hex"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	sc "github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// record is what one Node wrote for each sample.
type record struct {
	node    string
	version int
	samples map[string][]byte
}

func records(tb testing.TB) map[string]record {
	tb.Helper()
	files, err := filepath.Glob("testdata/node*.json")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no records, run scripts/record-clones: %v", err)
	}
	all := map[string]record{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		var digits map[string]string
		if err := json.Unmarshal(text, &digits); err != nil {
			tb.Fatalf("%s: %v", file, err)
		}
		r := record{strings.TrimSuffix(filepath.Base(file), ".json"), 0, map[string][]byte{}}
		for name, d := range digits {
			if r.samples[name], err = hex.DecodeString(d); err != nil {
				tb.Fatalf("%s: %s: %v", file, name, err)
			}
			r.version = int(r.samples[name][1])
		}
		all[r.node] = r
	}
	return all
}

func (r record) names() []string { return slices.Sorted(maps.Keys(r.samples)) }

// Where V8 itself has a choice, this package always makes the same: that of the sample of that name, in the
// record of Node 22.
var chosen = map[string]string{
	"Error with a cause":                     "Error with a cause",
	"Error with the cause null":              "Error with the cause null",
	"Error with the cause undefined":         "Error with the cause undefined",
	"Error in itself":                        "Error in itself",
	"two-byte string of one-byte characters": "one-byte string of those characters",
}

func TestSamplesAreWrittenAsTheyWere(t *testing.T) {
	all := records(t)
	for _, r := range all {
		t.Run(r.node, func(t *testing.T) {
			for _, name := range r.names() {
				recorded := r.samples[name]
				want := slices.Clone(recorded)
				if other, ok := chosen[name]; ok {
					want = slices.Clone(all["node22"].samples[other])
					want[1] = byte(r.version)
				}
				v, err := sc.Decode(recorded)
				if err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				got, err := sc.Options{Version: r.version}.Encode(v)
				if err != nil {
					t.Errorf("%s: %v", name, err)
				} else if !slices.Equal(got, want) {
					t.Errorf("%s:\n %x became\n %x, want\n %x", name, recorded, got, want)
				}
			}
		})
	}
}

func TestSamplesAreTheSameInAllNodes(t *testing.T) {
	all := records(t)
	for _, name := range all["node26"].names() {
		newest, err := sc.Decode(all["node26"].samples[name])
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for node, r := range all {
			recorded, ok := r.samples[name]
			if !ok || name == "resizable ArrayBuffer" && r.version == 13 || name == "resizable ArrayBuffer" && node == "node18" {
				continue
			}
			v, err := sc.Decode(recorded)
			if err != nil {
				t.Errorf("%s of %s: %v", name, node, err)
			} else if d := difference(v, newest); d != "" {
				t.Errorf("%s of %s is not that of node26: %s", name, node, d)
			}
		}
	}
}

func TestSamplesSurviveUnmarshalAndMarshal(t *testing.T) {
	lost := map[string]bool{
		// A slice has no other properties.
		"array with a property": true, "sparse array with a property": true, "match": true,
		// A time.Time has no identity.
		"everything twice": true,
	}
	for _, r := range records(t) {
		for _, name := range r.names() {
			if lost[name] {
				continue
			}
			var v any
			if err := sc.Unmarshal(r.samples[name], &v); err != nil {
				t.Errorf("%s of %s: %v", name, r.node, err)
				continue
			}
			again, err := sc.Marshal(v)
			if err != nil {
				t.Errorf("%s of %s: %v", name, r.node, err)
				continue
			}
			want, err := sc.Decode(r.samples[name])
			if err != nil {
				t.Fatal(err)
			}
			got, err := sc.Decode(again)
			if err != nil {
				t.Errorf("%s of %s: %v", name, r.node, err)
			} else if d := difference(sorted(got), sorted(want)); d != "" {
				t.Errorf("%s of %s: %s", name, r.node, d)
			}
		}
	}
}

// sorted sorts the properties of all objects, as Marshal does those of a map.
func sorted(v any) any {
	seen := map[any]bool{}
	var sort func(v any)
	sort = func(v any) {
		switch v.(type) {
		case *sc.Object, *sc.Array, *sc.Map, *sc.Set, *sc.Error:
			if seen[v] {
				return
			}
			seen[v] = true
		}
		switch v := v.(type) {
		case *sc.Object:
			slices.SortFunc(v.Properties, func(a, b sc.Property) int { return strings.Compare(a.Key, b.Key) })
			for _, p := range v.Properties {
				sort(p.Value)
			}
		case *sc.Array:
			for _, e := range v.Elements {
				sort(e)
			}
			for _, p := range v.Properties {
				sort(p.Value)
			}
		case *sc.Map:
			for _, e := range v.Entries {
				sort(e.Key)
				sort(e.Value)
			}
		case *sc.Set:
			for _, e := range v.Values {
				sort(e)
			}
		case *sc.Error:
			sort(v.Cause)
		}
	}
	sort(v)
	return v
}
