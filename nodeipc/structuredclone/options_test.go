package structuredclone_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	sc "github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

func TestAlias(t *testing.T) {
	text := []byte("some bytes")
	for _, v := range []any{
		&sc.View{Kind: sc.Buffer, Bytes: text},
		&sc.View{Kind: sc.Uint8Array, Bytes: text},
		&sc.ArrayBuffer{Bytes: text},
		&sc.ArrayBuffer{Bytes: text, Resizable: true, MaxByteLength: 20},
	} {
		for _, alias := range []bool{false, true} {
			o := sc.Options{Alias: alias}
			data := encode(t, array(v, v, "after"))
			var typed struct{ first []byte }
			var all []any
			if err := o.Unmarshal(data, &all); err != nil {
				t.Fatal(err)
			}
			list := []sc.RawMessage{}
			if err := o.Unmarshal(data, &list); err != nil {
				t.Fatal(err)
			}
			if err := o.Unmarshal(list[0], &typed.first); err != nil {
				t.Fatal(err)
			}
			tree, err := o.Decode(data)
			if err != nil {
				t.Fatal(err)
			}
			// The data changes, and what shares it.
			copy(data[bytes.Index(data, text):], "SOME")
			copy(list[0][bytes.Index(list[0], text):], "SOME")
			for _, got := range [][]byte{typed.first, bytesIn(all[0]), bytesIn(all[1]), bytesIn(tree.(*sc.Array).Elements[0])} {
				if aliased := string(got) == "SOME bytes"; aliased != alias {
					t.Errorf("%T read with %+v holds %q", v, o, got)
				}
				if cap(got) != len(got) && alias {
					t.Errorf("%T could be appended to over what follows it", v)
				}
			}
		}
	}
}

// bytesIn gives the bytes of what an any gets of one.
func bytesIn(v any) []byte {
	switch v := v.(type) {
	case *sc.View:
		return v.Bytes
	case *sc.ArrayBuffer:
		return v.Bytes
	}
	return v.([]byte)
}

func TestAliasStrings(t *testing.T) {
	long, short := strings.Repeat("text", 512), "text of few words"
	for _, alias := range []bool{false, true} {
		data := encode(t, array(long, short))
		o := sc.Options{AliasStrings: alias}
		var typed []string
		var all []any
		if err := errors.Join(o.Unmarshal(data, &typed), o.Unmarshal(data, &all)); err != nil {
			t.Fatal(err)
		}
		for i := range data {
			data[i] = bytes.ToUpper(data[i : i+1])[0]
		}
		for _, got := range []any{typed[0], all[0]} {
			if aliased := got != long; aliased != alias {
				t.Errorf("%T read with %+v: aliased is %v", got, o, aliased)
			}
		}
		if typed[1] != short || all[1] != short {
			t.Errorf("a short string read with %+v is now %q", o, typed[1])
		}
	}
}
