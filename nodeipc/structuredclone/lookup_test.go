package structuredclone_test

import (
	"math/rand/v2"
	"testing"

	sc "github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

func TestLookup(t *testing.T) {
	everything := object("cmd", object("cmd", "wrong"))
	g := &generator{Rand: rand.New(rand.NewPCG(1, 2)), major: 26, shared: true, errors: true}
	for range 200 {
		everything.Set("before "+g.string(), g.value(4))
	}
	everything.Set("1", "one")
	everything.Set("-1.5", "number")
	everything.Set("caf\u00e9", "latin")
	everything.Set("\u20ac", "wide")
	everything.Set("a key that is longer than the room that there is for keys, with a \u20ac in it", "long")
	everything.Set("\U0001f600", "astral")
	everything.Set("value", "\u20ac\u00e9")
	everything.Set("empty", "")
	for _, test := range []struct {
		v    any
		key  string
		want string
		ok   bool
	}{
		{object("cmd", "NODE_CLUSTER"), "cmd", "NODE_CLUSTER", true},
		{&sc.Object{Host: true, Properties: object("cmd", "c").Properties}, "cmd", "c", true},
		{everything, "cmd", "", false},
		{everything, "1", "one", true},
		{everything, "-1.5", "number", true},
		{everything, "caf\u00e9", "latin", true},
		{everything, "\u20ac", "wide", true},
		{everything, "\U0001f600", "astral", true},
		{everything, "a key that is longer than the room that there is for keys, with a \u20ac in it", "long", true},
		{everything, "value", "\u20ac\u00e9", true},
		{everything, "empty", "", true},
		{everything, "none", "", false},
		{object("cmd", &sc.Boxed{Value: "c"}), "cmd", "", false},
		{array("cmd"), "cmd", "", false},
		{&sc.Array{Properties: object("cmd", "c").Properties}, "cmd", "", false},
		{"cmd", "cmd", "", false},
		{view(sc.Buffer, 'c'), "cmd", "", false},
	} {
		if got, ok := sc.Lookup(encode(t, test.v), test.key); got != test.want || ok != test.ok {
			t.Errorf("Lookup(%q) gives %q, %v, want %q, %v", test.key, got, ok, test.want, test.ok)
		}
		if got, ok := sc.AppendLookup([]byte("before "), encode(t, test.v), test.key); string(got) != "before "+test.want || ok != test.ok {
			t.Errorf("AppendLookup(%q) gives %q, %v, want %q, %v", test.key, got, ok, test.want, test.ok)
		}
	}
	data := encode(t, object("a", array(1.0), "cmd", "c"))
	for end := range data {
		if value, ok := sc.Lookup(data[:end], "cmd"); ok && value != "c" {
			t.Errorf("the first %d bytes have %q", end, value)
		}
	}
}

func TestLookupAllocatesTheStringAlone(t *testing.T) {
	data := encode(t, object("list", array(1.0, "x", object("€", &sc.Map{})), "e", &sc.Error{Message: "m"}, "é", "x", "wide", "€", "cmd", "NODE_CLUSTER"))
	room := make([]byte, 0, 32)
	for key, want := range map[string]float64{"cmd": 1, "wide": 1, "none": 0} {
		if got := testing.AllocsPerRun(100, func() { sc.Lookup(data, key) }); got != want {
			t.Errorf("%v allocations for %q, want %v", got, key, want)
		}
		if got := testing.AllocsPerRun(100, func() { sc.AppendLookup(room, data, key) }); got != 0 {
			t.Errorf("%v allocations for %q in a buffer with room", got, key)
		}
	}
}
