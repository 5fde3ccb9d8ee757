//go:build linux

// Package modeltest is what the model tests of a primary and of a worker share: a script of random steps, and the end of a
// channel that says what the script wants.
package modeltest

import (
	"slices"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// MaxSteps bounds a sequence of what a model does.
const MaxSteps = 60

// Patience is how long something must not take. The fuzzing kills a process that takes 10 s.
const Patience = 5 * time.Second

// Script is a fuzzer's input, which says what a model does.
type Script struct{ Bytes []byte }

// Next is a number below n.
func (s *Script) Next(n int) int {
	if len(s.Bytes) == 0 {
		return 0
	}
	b := s.Bytes[0]
	s.Bytes = s.Bytes[1:]
	return int(b) % n
}

// Take gives some bytes as they are.
func (s *Script) Take() []byte {
	n := min(s.Next(256), len(s.Bytes))
	taken := s.Bytes[:n]
	s.Bytes = s.Bytes[n:]
	return taken
}

func (s *Script) Serialization() nodeipc.Serialization {
	return []nodeipc.Serialization{nodeipc.JSON, nodeipc.Advanced}[s.Next(2)]
}

func Pick[T any](s *Script, of []T) T { return of[s.Next(len(of))] }

// Message is one in the order of its fields.
type Message []structuredclone.Property

// ClusterMessage is a message of the cluster's with fields in pairs of a name and a value.
func ClusterMessage(pairs ...any) Message {
	m := Message{{Key: "cmd", Value: wire.Command}}
	for pair := range slices.Chunk(pairs, 2) {
		m = append(m, structuredclone.Property{Key: pair[0].(string), Value: pair[1]})
	}
	return m
}

// Sealed is a message in the envelope of a handle.
func (m Message) Sealed(handleType string) Message {
	return Message{{Key: "cmd", Value: "NODE_HANDLE"}, {Key: "type", Value: handleType}, {Key: "msg", Value: m.object()}}
}

func (m Message) object() *structuredclone.Object {
	return &structuredclone.Object{Properties: m}
}

// Changed is a message with one field changed, or left out.
func (m Message) Changed(s *Script, values []any) Message {
	m = slices.Clone(m)
	i := s.Next(len(m))
	if value := s.Next(len(values) + 1); value < len(values) {
		m[i].Value = values[value]
		return m
	}
	return slices.Delete(m, i, i+1)
}

// Values are what a field may have in place of what it should have.
var Values = []any{
	nil, true, false, -1, 0, 1, 1.5, 1e300, 70000, -98, "", "text", "127.0.0.1", "::", "udp4", "\x00", []any{1}, map[string]any{"a": 1}, Deep(2000),
}

func Deep(levels int) any {
	v := any(1)
	for range levels {
		v = []any{v}
	}
	return v
}

// HandleTypes are those of a handle, and one that there is not.
var HandleTypes = []string{"net.Native", "net.Server", "net.Socket", "dgram.Native", "dgram.Socket", "net.Pipe"}
