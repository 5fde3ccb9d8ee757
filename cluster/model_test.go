//go:build linux

package cluster

import (
	"slices"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// mostSteps bounds a sequence of what a model does.
const mostSteps = 60

// modelPatience is how long something must not take. The fuzzing kills a process that takes 10 s.
const modelPatience = 5 * time.Second

// script is a fuzzer's input, which says what a model does.
type script struct{ bytes []byte }

// next is a number below n.
func (s *script) next(n int) int {
	if len(s.bytes) == 0 {
		return 0
	}
	b := s.bytes[0]
	s.bytes = s.bytes[1:]
	return int(b) % n
}

// take gives some bytes as they are.
func (s *script) take() []byte {
	n := min(s.next(256), len(s.bytes))
	taken := s.bytes[:n]
	s.bytes = s.bytes[n:]
	return taken
}

func (s *script) serialization() nodeipc.Serialization {
	return []nodeipc.Serialization{nodeipc.JSON, nodeipc.Advanced}[s.next(2)]
}

func pick[T any](s *script, of []T) T { return of[s.next(len(of))] }

// message is one in the order of its fields.
type message []structuredclone.Property

// clusterMessage is a message of the cluster's with fields in pairs of a name and a value.
func clusterMessage(pairs ...any) message {
	m := message{{Key: "cmd", Value: wire.Command}}
	for pair := range slices.Chunk(pairs, 2) {
		m = append(m, structuredclone.Property{Key: pair[0].(string), Value: pair[1]})
	}
	return m
}

// sealed is a message in the envelope of a handle.
func (m message) sealed(handleType string) message {
	return message{{Key: "cmd", Value: "NODE_HANDLE"}, {Key: "type", Value: handleType}, {Key: "msg", Value: m.object()}}
}

func (m message) object() *structuredclone.Object {
	return &structuredclone.Object{Properties: m}
}

// changed is a message with one field changed, or left out.
func (m message) changed(s *script, values []any) message {
	m = slices.Clone(m)
	i := s.next(len(m))
	if value := s.next(len(values) + 1); value < len(values) {
		m[i].Value = values[value]
		return m
	}
	return slices.Delete(m, i, i+1)
}

// modelValues are what a field may have in place of what it should have.
var modelValues = []any{
	nil, true, false, -1, 0, 1, 1.5, 1e300, 70000, -98, "", "text", "127.0.0.1", "::", "udp4", "\x00", []any{1}, map[string]any{"a": 1}, deep(2000),
}

func deep(levels int) any {
	v := any(1)
	for range levels {
		v = []any{v}
	}
	return v
}

// handleTypes are those of a handle, and one that there is not.
var handleTypes = []string{"net.Native", "net.Server", "net.Socket", "dgram.Native", "dgram.Socket", "net.Pipe"}
