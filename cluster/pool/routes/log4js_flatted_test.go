package routes

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

const log4jsEventText = `[{"startTime":"1","categoryName":"2","data":"3","level":"4","context":"5","pid":17,"cluster":"6"},` +
	`"2026-11-29T12:00:00.000Z","app",["7","8",1.5,"9"],{"level":20000,"levelStr":"10","colour":"11"},{},{"workerId":1,"worker":17},` +
	`"a \"text\" \ud83c\udf89",{"self":"8","none":null},"__LOG4JS_undefined__","INFO","green"]`

func TestReadLog4js(t *testing.T) {
	e, hasWorker, err := readLog4js(log4jsEventText)
	if err != nil || !hasWorker || e.Category != "app" || e.Level.Name != "INFO" || e.Level.IsError() || e.Pid != 17 || e.Time.UnixMilli() != 1795953600000 {
		t.Fatalf("%+v, %v, %v", e, hasWorker, err)
	}
	object := e.Data[1].(*structuredclone.Object)
	self, _ := object.Get("self")
	if e.Data[0] != `a "text" 🎉` || self != object || e.Data[2] != 1.5 || e.Data[3] != (structuredclone.Undefined{}) {
		t.Errorf("the data is %v", e.Data)
	}
}

// Each field may be missing or of any type: the event is read or refused, and the others are as they were.
func TestReadLog4jsHostile(t *testing.T) {
	var table []any
	if err := json.Unmarshal([]byte(log4jsEventText), &table); err != nil {
		t.Fatal(err)
	}
	wrong := []any{nil, true, -1, 1e300, "", "0", "-1", "99999999999999999999", "99", "x", []any{}, []any{"0"}, map[string]any{}, map[string]any{"a": "0"}, strings.Repeat("x", 1<<16)}
	must := map[string]bool{"startTime": true, "data": true, "level": true}
	for name := range table[0].(map[string]any) {
		for i, bad := range append(wrong, "missing") {
			root := map[string]any{}
			for key, v := range table[0].(map[string]any) {
				root[key] = v
			}
			if root[name] = bad; i == len(wrong) {
				delete(root, name)
			}
			text, err := json.Marshal(append([]any{root}, table[1:]...))
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := readLog4js(string(text)); err == nil && must[name] {
				t.Errorf("with %s %.40s there is no error", name, fmt.Sprint(bad))
			}
		}
	}
}

// A table of more values than anybody logs is refused before it takes much memory, wherever the values are, and one of as many is read.
func TestReadLog4jsOfManyValues(t *testing.T) {
	for _, c := range []struct {
		text  string
		error bool
	}{
		{"[" + strings.Repeat("0,", maxFlatted-1) + "0]", false},
		{"[" + strings.Repeat("0,", maxFlatted) + "0]", true},
		{"[[" + strings.Repeat(`"1",`, maxFlatted) + `"1"],0]`, true},
		{"[{" + strings.Repeat(`"a":0,`, maxFlatted) + `"a":0}]`, true},
	} {
		if _, err := parseFlatted(c.text); (err != nil) != c.error {
			t.Errorf("%.20s… of %d bytes: %v", c.text, len(c.text), err)
		}
	}
}

// What flatted cannot have written does no harm, and what it has is JSON.
func FuzzFlatted(f *testing.F) {
	for _, seed := range []string{log4jsEventText, `[]`, `[`, `["a"]`, `[["0"]]`, `[["1"]]`, `[{"a":"0"`, `["\ud83c"]`, `["\u00`, `[1e999,-0,true]`, `[["x"]]`, `[[[]]]`, ``, `[1]2`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		readLog4js(text)
		_, err := parseFlatted(text)
		var table []json.RawMessage
		if notJSON := json.Unmarshal([]byte(text), &table); notJSON == nil && len(table) == 1 && err != nil {
			var s string
			if table[0][0] == '"' && json.Unmarshal(table[0], &s) == nil {
				t.Errorf("%q is refused: %v", text, err)
			}
		}
	})
}
