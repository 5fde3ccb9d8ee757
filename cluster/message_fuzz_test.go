//go:build unix

package cluster

import (
	"encoding/json"
	"fmt"
	"testing"
)

// wellFormed are a worker's messages, of which the seeds of the fuzzing are variations.
var wellFormed = []map[string]any{
	{"act": "online", "seq": 0},
	{"act": "queryServer", "address": "127.0.0.1", "port": 0, "addressType": 4, "fd": nil, "flags": 0, "backlog": 511, "index": 0, "data": nil, "seq": 1},
	{"act": "queryServer", "address": nil, "port": 0, "addressType": 6, "flags": 1, "index": 0, "seq": 1},
	{"act": "queryServer", "address": "socket", "port": -1, "addressType": -1, "readableAll": true, "writableAll": true, "index": 0, "seq": 1},
	{"act": "queryServer", "address": "127.0.0.1", "port": 0, "addressType": "udp4", "fd": -1, "flags": 4, "index": 0, "seq": 1},
	{"act": "queryServer", "fd": 0, "addressType": nil, "seq": 1},
	{"act": "listening", "address": "127.0.0.1", "port": 80, "addressType": 4, "seq": 2},
	{"act": "close", "key": "127.0.0.1:0:4:null:0", "seq": 3},
	{"act": "exitedAfterDisconnect", "seq": 4},
	{"ack": 0, "accepted": true, "seq": 5},
}

var oddValues = []any{nil, true, -1, 1.5, 1e300, 70000, "", "text", "\x00", []any{1}, map[string]any{"a": 1}}

// Whatever a worker says, the primary goes on, and nothing of the worker is left when it has gone.
func FuzzWorkerMessage(f *testing.F) {
	for _, message := range wellFormed {
		f.Add(seed(f, message, "", nil))
		for field := range message {
			for _, odd := range oddValues {
				f.Add(seed(f, message, field, odd))
			}
		}
	}
	f.Add([]byte("{\n"))
	f.Add([]byte("\x02" + `{"act":"online"}` + "\n"))
	f.Add([]byte(`{"cmd":"NODE_HANDLE","type":"net.Native","msg":{"cmd":"NODE_CLUSTER"}}` + "\n"))
	folder := f.TempDir()
	var primaries []*Primary
	for _, policy := range SchedulingPolicies() {
		primaries = append(primaries, newTestPrimary(f, policy))
	}
	f.Fuzz(func(t *testing.T, said []byte) {
		t.Chdir(folder) // here, because the fuzzing writes what fails below its own folder
		for _, p := range primaries {
			w := newFakeWorker(t, p)
			w.write(said)
			w.finish()
			p.loop.Call(func() {
				if len(w.onLoop.memberships) > 0 || len(p.onLoop.servers) > 0 || len(p.onLoop.workers) > 0 {
					t.Errorf("after its end: %d memberships, %d servers and %d workers", len(w.onLoop.memberships), len(p.onLoop.servers), len(p.onLoop.workers))
				}
			})
		}
	})
}

// seed is a message with one field changed, twice, and then one that shows whether the primary still listens.
func seed(tb testing.TB, message map[string]any, field string, value any) []byte {
	tb.Helper()
	changed := map[string]any{"cmd": "NODE_CLUSTER"}
	for k, v := range message {
		changed[k] = v
	}
	if field != "" {
		changed[field] = value
	}
	line, err := json.Marshal(changed)
	if err != nil {
		tb.Fatal(err)
	}
	return fmt.Appendf(nil, "%s\n%s\n%s\n", line, line, `{"cmd":"NODE_CLUSTER","act":"online","seq":9}`)
}
