package structuredclone_test

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"

	sc "github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// Values in anys share memory: each must still be its own, also when the collector took what is around it.
func TestValuesInAnysAreTheirOwn(t *testing.T) {
	var want []any
	for i := range 500 {
		want = append(want, float64(i)+0.5, fmt.Sprint("text ", i), float64(1000*i), fmt.Sprint("é ", i), strings.Repeat("x", i), -float64(i+1))
	}
	data := encode(t, anys(want))
	var kept, wantKept []any
	for round := range 50 {
		var got any
		if err := sc.Unmarshal(data, &got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, any(want)) {
			t.Fatalf("it comes back as %v", got)
		}
		i := 59 * round
		kept, wantKept = append(kept, got.([]any)[i]), append(wantKept, want[i])
		runtime.GC()
	}
	if !reflect.DeepEqual(kept, wantKept) {
		t.Errorf("kept are %v", kept)
	}
}

func TestSmallIntegersOfATree(t *testing.T) {
	var want []any
	for n := int32(-300); n < 300; n++ {
		want = append(want, n)
	}
	got, err := sc.Decode(encode(t, anys(want)))
	if err != nil {
		t.Fatal(err)
	}
	if elements := got.(*sc.Array).Elements; !reflect.DeepEqual(elements, want) {
		t.Errorf("they come back as %v", elements)
	}
}
