//go:build linux

package worker_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
)

// normalise takes what the scene has told and seen, less what cannot be the same twice. All that Go's worker does
// differently from Node's, and that is left so, is here.
func (s *scene) normalise(descriptorPort int) trace {
	n := newNormaliser(s, descriptorPort)
	t := trace{Told: map[int][]clustertest.Told{}}
	for _, entry := range s.TakeTale() {
		worker := int(entry["worker"].(float64))
		if event := entry["event"]; event == "pid" || event == "waits" || event == "became" {
			continue
		}
		entry = n.told(entry)
		withoutFlags(entry)
		if d := differences[s.name]; d != nil {
			d(entry)
		}
		if entry["event"] != nil {
			t.Told[worker] = append(t.Told[worker], entry)
		}
	}
	for _, list := range t.Told {
		n.ends(list)
	}
	for _, o := range s.seen {
		value := n.plain(o.Value)
		if d := differences[s.name]; d != nil {
			d(value)
		}
		t.Seen = append(t.Seen, seen{o.What, value})
	}
	return t
}

// differences are what Go's worker does otherwise than Node's, by scenario.
var differences = map[string]func(any){
	// A panic ends a Go program with code 2, an exception a Node program with 1.
	"crash": func(v any) {
		if e, ok := v.(clustertest.Told); ok && (e["code"] == 1.0 || e["code"] == 2.0) {
			e["code"] = "CRASH"
		}
	},
	// Without the primary, it is not libuv that listens, which tells of a bind's error at the listen.
	"exclusive": func(v any) {
		if err := within(v, "message", "error"); err != nil {
			err["syscall"] = "CALL"
		}
		if err := within(v, "Error"); err != nil {
			err["Syscall"] = "CALL"
		}
	},
	"errors":                             forgetsFailed,
	"two servers on one port":            forgetsFailed,
	"a privileged port and exit code 42": forgetsFailed,
}

// withoutFlags passes over the flags of a server without an address. Node's worker tells of them from Node 22 on,
// Go's always.
func withoutFlags(entry clustertest.Told) {
	if internal := within(entry, "internal"); internal != nil && internal["flags"] == 0.0 && internal["address"] == nil {
		delete(internal, "flags")
	}
}

// forgetsFailed passes over how Go's worker forgets a server that failed to listen. Node's does not: it gives the next
// one on that address another index, with which it shares no port with other workers under primaries that look at
// that, and it leaves the primary with a socket that could not be bound, which anybody gets who tries again.
func forgetsFailed(v any) {
	internal := within(v, "internal")
	if internal == nil {
		return
	}
	delete(internal, "index")
	delete(internal, "seq")
	delete(internal, "key")
	if internal["act"] == "close" {
		delete(v.(clustertest.Told), "event")
	}
}

// within looks up an object in an object.
func within(v any, path ...string) map[string]any {
	object, ok := v.(map[string]any)
	if t, isTold := v.(clustertest.Told); isTold {
		object, ok = t, true
	}
	for _, name := range path {
		if !ok {
			return nil
		}
		object, ok = object[name].(map[string]any)
	}
	return object
}

// normaliser replaces what differs by chance: ports by their names, the scene's folder, and the numbers of
// questions.
type normaliser struct {
	t      *testing.T
	names  map[float64]string
	texts  *strings.Replacer
	random int
}

// told is an entry with its event named and everything else normalised.
func (n *normaliser) told(entry clustertest.Told) clustertest.Told {
	result := clustertest.Told{}
	for key, value := range entry {
		result[key] = n.value(key, value)
	}
	return result
}

func (n *normaliser) value(key string, value any) any {
	switch v := value.(type) {
	case map[string]any:
		result := map[string]any{}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if key != "n" {
				result[key] = n.value(key, v[key])
			}
		}
		return result
	case []any:
		result := make([]any, len(v))
		for i := range v {
			result[i] = n.value(key, v[i])
		}
		return result
	case float64:
		if key == "port" || key == "Port" {
			return n.port(v)
		}
	case string:
		if port, err := strconv.Atoi(v); err == nil && key == "port" {
			return n.port(float64(port)) // a program may give it so; Go's cannot
		}
		return n.texts.Replace(v)
	}
	return value
}

// port names a port; those that the system has chosen are numbered as they come.
func (n *normaliser) port(port float64) any {
	if port <= 0 || port == 80 {
		return port
	}
	if n.names[port] == "" {
		n.random++
		n.names[port] = fmt.Sprintf("RANDOM%d", n.random)
	}
	return n.names[port]
}

// newNormaliser knows the ports and the folder of the scenario that was played last.
func newNormaliser(s *scene, descriptorPort int) *normaliser {
	n := &normaliser{t: s.t, names: map[float64]string{
		float64(s.Port): "PORT", float64(s.Taken): "TAKEN", float64(descriptorPort): "DESCRIPTOR",
	}}
	pairs := []string{s.Folder, "FOLDER"}
	// A primary binds to the shorter of a path and the same path from where it runs.
	if here, err := os.Getwd(); err == nil {
		if relative, err := filepath.Rel(here, s.Folder); err == nil {
			pairs = append(pairs, relative, "FOLDER")
		}
	}
	for port, name := range n.names {
		pairs = append(pairs, fmt.Sprintf(":%.0f", port), ":"+name)
	}
	n.texts = strings.NewReplacer(pairs...)
	return n
}

// plain makes what a scenario has seen comparable.
func (n *normaliser) plain(value any) any {
	text, err := json.Marshal(value)
	if err != nil {
		n.t.Error(err)
	}
	var plain any
	if err := json.Unmarshal(text, &plain); err != nil {
		n.t.Error(err)
	}
	return n.value("", plain)
}

// ends puts the end of the channel before that of the process: they come in either order, and what the second of
// them says of the other depends on it.
func (n *normaliser) ends(list []clustertest.Told) {
	first := slices.IndexFunc(list, isEnd)
	if first < 0 {
		return
	}
	for _, e := range list[first:] {
		delete(e, "connected")
		delete(e, "dead")
	}
	slices.SortStableFunc(list[first:], func(a, b clustertest.Told) int {
		return strings.Compare(a["event"].(string), b["event"].(string))
	})
}

func isEnd(e clustertest.Told) bool { return e["event"] == "disconnect" || e["event"] == "exit" }
