package nodeipc

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// workerLines is what real workers of one runtime have written on their channels in json mode, a text a
// scenario.
func workerLines(tb testing.TB, file string) []string {
	tb.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	var recorded []struct {
		Mode  string
		Lines []string
	}
	if err := json.Unmarshal(content, &recorded); err != nil {
		tb.Fatalf("%s: %v", file, err)
	}
	var texts []string
	for _, r := range recorded {
		if r.Mode == "json" && len(r.Lines) > 0 {
			texts = append(texts, strings.Join(r.Lines, "\n")+"\n")
		}
	}
	return texts
}

// recordings are the files with what each runtime's workers have written.
func recordings(tb testing.TB) []string {
	tb.Helper()
	files, err := filepath.Glob("../testdata/facts/wire-*.json")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no recordings in testdata/facts, run scripts/record-facts: %v", err)
	}
	return files
}

func seeds(tb testing.TB) []string {
	tb.Helper()
	texts := []string{
		"", "\n", "1\n", `"half`, "{}\n{}\n", "\x02{\"cmd\":\"NODE_X\"}\n", `"ä漢😀\ud800"` + "\n",
		jsonACK + "\n", jsonNACK + "\n",
		`{"cmd":"NODE_HANDLE","type":"net.Native","msg":1}` + "\n",
		`{"cmd":"NODE_HANDLE","type":"net.Socket","msg":1,"key":"k"}` + "\n" + `{"cmd":"NODE_SOCKET_NOTIFY_CLOSE","key":"k"}` + "\n",
		`{"cmd":"NODE_HANDLE","type":"net.Native","msg":{"cmd":"NODE_HANDLE","type":"net.Server","msg":null}}` + "\n",
		`{"cmd":"NODE_HANDLE","type":"dgram.Socket","dgramType":"udp4","msg":{"cmd":"NODE_CLUSTER"}}` + "\n",
		`{"cmd":"NODE_SOCKET_GET_COUNT","key":"k"}` + "\n", `{"cmd":"NODE_SOCKET_COUNT","key":"k","count":1}` + "\n",
		`{"cmd":"NODE_SOCKET_ALL_CLOSED","key":"k"}` + "\n",
		`{"CMD":"NODE_HANDLE"}` + "\n", `{"cmd":"NODE_"}` + "\n", ` {"cmd":"\u004eODE_HANDLE_ACK"}` + "\r\n",
	}
	for _, file := range recordings(tb) {
		texts = append(texts, workerLines(tb, file)...)
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

// Every line that a real worker has written is understood for what it is.
func TestRealWorkersLines(t *testing.T) {
	for _, file := range recordings(t) {
		for _, text := range workerLines(t, file) {
			for line := range strings.Lines(text) {
				expectUnderstood(t, file, line)
			}
		}
	}
}

func expectUnderstood(t *testing.T, file, line string) {
	t.Helper()
	payload, size, _ := jsonCodec{}.cut([]byte(line), 0)
	if size != len(line) {
		t.Errorf("%s: a frame of %d bytes in a line of %d: %s", file, size, len(line), line)
		return
	}
	if payload = bytes.TrimPrefix(payload, []byte{bunMark}); len(payload) == 0 {
		return
	}
	k, err := jsonCodec{}.classify(payload)
	if err != nil {
		t.Errorf("%s: %v", file, err)
		return
	}
	var message any
	if err := json.Unmarshal(payload, &message); err != nil {
		t.Fatal(err)
	}
	fields, _ := message.(map[string]any)
	if cmd, _ := fields["cmd"].(string); (len(cmd) > len("NODE_") && strings.HasPrefix(cmd, "NODE_")) != (k != kindUser) {
		t.Errorf("%s: a message of kind %d: %s", file, k, line)
	}
}
