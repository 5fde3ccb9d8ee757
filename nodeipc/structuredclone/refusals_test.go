package structuredclone_test

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	sc "github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// What is refused, in hexadecimal digits after the header, and where in the whole. Node refuses all of it too,
// but for what the comment says.
var refused = []struct {
	what, digits string
	kind         sc.Kind
	offset       int
}{
	{"nothing", "", sc.Truncated, 2},
	{"padding only", "0000", sc.Truncated, 4},
	{"more than a value", "3030", sc.Trailing, 3}, // Node takes no notice
	{"unknown tag", "21", sc.UnknownTag, 2},
	{"second header", "ff0f30", sc.UnknownTag, 2},
	{"SharedArrayBuffer", "7500", sc.UnknownTag, 2},
	{"transferred ArrayBuffer", "7400", sc.UnknownTag, 2},
	{"WebAssembly module", "7700", sc.UnknownTag, 2},
	{"shared object", "7000", sc.UnknownTag, 2},
	{"view of a buffer", "4202010256420001 00", sc.Trailing, 6}, // Node reads it, and never writes it
	{"hole alone", "2d", sc.UnknownTag, 2},
	{"hole in an object", "6f2201612d7b01", sc.UnknownTag, 6},
	{"hole in a Map", "3b2d2d3a02", sc.UnknownTag, 3},

	{"number cut off", "49", sc.Truncated, 3},
	{"number cut off within", "4980", sc.Truncated, 4},
	{"number of 33 bits", "49ffffffff1f", sc.BadLength, 8}, // Node takes 32 of them
	{"number without end", "49808080808080808080", sc.BadLength, 8},
	{"double cut off", "4e00", sc.Truncated, 3},
	{"bigint cut off", "5a1001", sc.Truncated, 4},
	{"string of 4 GiB", "22ffffffff0f", sc.Truncated, 8},
	{"two-byte string of 4 GiB", "63feffffff0f", sc.Truncated, 8},
	{"half a character", "6303610062", sc.BadLength, 3},
	{"bigint of 2 GiB", "5affffffff0f", sc.Truncated, 8},

	{"object cut off", "6f", sc.Truncated, 3},
	{"object counted wrongly", "6f220161307b02", sc.BadLength, 8},
	{"key that is a boolean", "6f54307b01", sc.BadValue, 3},
	{"key that is an object", "6f6f7b00307b01", sc.BadValue, 3},
	{"key twice", "6f22016130220161307b02", sc.Duplicate, 3},
	{"index twice", "6f490230220131307b02", sc.Duplicate, 3},

	{"array of 4 GiB", "41ffffffff0f", sc.BadLength, 3},
	{"array longer than the message", "4103302400 03", sc.UnknownTag, 5},
	{"arrays that are longer together", "410b410a4109410841074106410541044103410241012d", sc.BadLength, 7},
	{"array that ends otherwise", "41013024 0002", sc.BadLength, 7},
	{"array counted wrongly", "410130240101", sc.BadLength, 6},
	{"element twice", "4101304900302401 01", sc.Duplicate, 5},
	{"length as a property", "41013022066c656e6774683024 0101", sc.Duplicate, 5},
	{"sparse array that ends otherwise", "6102490030400103", sc.BadLength, 9},
	{"sparse element twice", "61024900304900304002 02", sc.Duplicate, 4},
	{"sparse length as a property", "610222066c656e6774683040 0102", sc.Duplicate, 4},

	{"Map with half an entry", "3b303a01", sc.UnknownTag, 4},
	{"Map counted wrongly", "3b30303a01", sc.BadLength, 6},
	{"Set counted wrongly", "27302c02", sc.BadLength, 5},
	{"date cut off", "440000", sc.Truncated, 3},
	{"regexp of a number", "52490200", sc.BadValue, 3},
	{"regexp with unknown flags", "52220161ff7f", sc.BadValue, 6},
	{"regexp with V8's own flag", "5222016140", sc.BadValue, 6},
	{"regexp with u and v", "52220161 9002", sc.BadValue, 6}, // Node 20 reads it
	{"boxed string of a number", "734902", sc.BadValue, 3},
	{"ArrayBuffer of 4 GiB", "42ffffffff0f", sc.Truncated, 8},
	{"resizable ArrayBuffer beyond its end", "7e0302010203", sc.BadLength, 3},

	{"unknown host object", "5c0249 02", sc.UnknownTag, 3},
	{"host object that is a number", "5c014902", sc.UnknownTag, 3},
	{"host object that is a Date", "5c01440000000000000000", sc.UnknownTag, 3}, // Node reads it, and never writes it
	{"unknown view", "5c000e00", sc.UnknownTag, 4},
	{"view of 4 GiB", "5c0001ffffffff0f", sc.Truncated, 10},
	{"half an element", "5c00040300 0000", sc.BadLength, 4}, // Node rounds down

	{"Error cut off", "72", sc.Truncated, 3},
	{"Error with an unknown part", "727a2e", sc.UnknownTag, 3},
	{"Error with a message that is a number", "726d49022e", sc.BadValue, 4},
	{"Error of two kinds", "7252542e", sc.Duplicate, 4},
	{"Error with two messages", "726d2201786d2201792e", sc.Duplicate, 7},

	{"reference to nothing", "5e00", sc.BadReference, 3},
	{"reference ahead", "41025e016f7b00240002", sc.BadReference, 5},
}

func TestRefusals(t *testing.T) {
	for _, test := range refused {
		data, err := hex.DecodeString("ff0f" + strings.ReplaceAll(test.digits, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		_, err = sc.Decode(data)
		var syntax *sc.SyntaxError
		if !errors.As(err, &syntax) || syntax.Kind != test.kind || syntax.Offset != test.offset {
			t.Errorf("%s: Decode gives %v (%+v), want %v at byte %d", test.what, err, syntax, test.kind, test.offset)
		}
		if !errors.Is(err, sc.ErrSyntax) {
			t.Errorf("%s: the error is not ErrSyntax", test.what)
		}
		// What has a place twice is refused where it takes a place.
		var v any
		if err := sc.Unmarshal(data, &v); err == nil && test.kind != sc.Duplicate {
			t.Errorf("%s: Unmarshal takes it", test.what)
		}
	}
}

func TestVersions(t *testing.T) {
	for version := range 256 {
		_, err := sc.Decode([]byte{0xFF, byte(version), '0'})
		if ok := version >= 13 && version <= 16; ok != (err == nil) {
			t.Errorf("version %d: %v", version, err)
		}
		_, err = sc.Options{Version: version}.Encode(nil)
		if ok := version == 0 || version >= 13 && version <= 15; ok != (err == nil) {
			t.Errorf("writing version %d: %v", version, err)
		}
	}
	for _, data := range [][]byte{nil, {0xFF}, {'0'}, {0xFF, 15}} {
		if _, err := sc.Decode(data); !errors.Is(err, sc.ErrSyntax) {
			t.Errorf("%x: %v", data, err)
		}
	}
}

func TestCutOffSamples(t *testing.T) {
	for _, r := range records(t) {
		for _, name := range r.names() {
			data := r.samples[name]
			for end := range data {
				if _, err := sc.Decode(data[:end]); !errors.Is(err, sc.ErrSyntax) {
					t.Errorf("%d bytes of %s of %s: %v", end, name, r.node, err)
				}
			}
		}
	}
}
