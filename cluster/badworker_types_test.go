//go:build linux

package cluster

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/modeltest"

	"golang.org/x/sys/unix"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// absent is a field that is not there.
type absent struct{}

// wrongType is a value of some type, and what it is.
type wrongType struct {
	name  string
	value any
}

// wrongTypes are values of every type that the serializations know.
func wrongTypes(s nodeipc.Serialization) []wrongType {
	types := []wrongType{
		{"absent", absent{}}, {"null", nil}, {"true", true}, {"false", false}, {"0", 0}, {"-1", -1}, {"1.5", 1.5}, {"1e300", 1e300}, {"70000", 70000},
		{"empty text", ""}, {"text", "text"}, {"NUL", "\x00"}, {"array", []any{1}}, {"object", map[string]any{"a": 1}}, {"deep", modeltest.Deep(maxDataDepth + 1)},
	}
	if s == nodeipc.Advanced {
		cycle := &structuredclone.Object{}
		cycle.Set("a", cycle)
		types = append(types, []wrongType{
			{"undefined", structuredclone.Undefined{}}, {"BigInt", big.NewInt(1)}, {"NaN", math.NaN()}, {"Date", time.Unix(0, 0)}, {"Buffer", []byte("text")},
			{"Map", &structuredclone.Map{}}, {"Set", &structuredclone.Set{}}, {"Error", errors.New("text")}, {"cycle", cycle},
		}...)
	}
	return types
}

// with is a message with one field changed.
func with(m modeltest.Message, field int, value any) modeltest.Message {
	m = slices.Clone(m)
	if value == (absent{}) {
		return slices.Delete(m, field, field+1)
	}
	m[field].Value = value
	return m
}

// Every field of every message of a worker's has every wrong type. The worker's channel goes on, or ends in an error
// that names the worker, and the good worker gets connections.
func TestWorkersWithWrongTypesInEveryField(t *testing.T) {
	for _, s := range []nodeipc.Serialization{nodeipc.JSON, nodeipc.Advanced} {
		for n, said := range workerMessages {
			t.Run(fmt.Sprintf("%s/%d %v %v", s, n, said[0].Value, said[1%len(said)].Value), func(t *testing.T) {
				nodetest.NoLeaks(t)
				t.Chdir(t.TempDir())
				m := newWorkerModel(t, &modeltest.Script{}, Settings{Serialization: s, SchedulingPolicy: SchedRR}, testDescriptor(t))
				for field := range said {
					for _, wrong := range wrongTypes(s) {
						m.expectOutcome(t, said, field, wrong)
					}
				}
				m.expectGood()
			})
		}
	}
}

func testDescriptor(t *testing.T) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

// expectOutcome has a worker of its own say a message with one field changed.
func (m *workerModel) expectOutcome(t *testing.T, said modeltest.Message, field int, wrong wrongType) {
	t.Helper()
	for _, w := range m.bad {
		w.end(m)
	}
	m.bad = nil
	m.fork()
	w := m.bad[0]
	w.Say(with(said, field, wrong.value))
	w.Say(modeltest.Message{{Key: "text", Value: "last"}})
	w.end(m)
	err := m.heard.endOf(w.fake.Worker)
	what := said[field].Key + " with " + wrong.name
	switch ends := endsWorker(said, field, wrong.name); {
	case (err != nil) != ends:
		t.Errorf("%s: the channel ends with %v, want an error: %v", what, err, ends)
	case err == nil:
	case !errors.Is(err, nodeipc.ErrProtocol), strings.ContainsAny(err.Error(), "\r\n"), len(err.Error()) > 300,
		!strings.HasPrefix(err.Error(), fmt.Sprintf("cluster: the channel of worker %d: ", w.fake.id)):
		t.Errorf("%s: the error is not one line that says whose channel and why: %q", what, err)
	}
}

// endsWorker reports whether a worker loses its channel when it sends a message with one field changed.
func endsWorker(said modeltest.Message, field int, wrong string) bool {
	is := func(names ...string) bool { return slices.Contains(names, wrong) }
	isNothing := is("absent", "null", "undefined")
	switch said[field].Key {
	case "cmd", "text":
		return false // it is a message of the user's
	case "act", "key":
		return !isNothing && !is("empty text", "text", "NUL")
	case "count":
		return !isNothing && !is("0", "-1", "70000", "BigInt")
	case "ack":
		return !isNothing && !is("0", "70000", "BigInt")
	case "accepted":
		return !isNothing && !is("true", "false")
	case "data":
		if is("deep") {
			return true
		}
	}
	// These are read as JSON, and looked at where they are needed.
	return is("BigInt", "Buffer", "Map", "Set", "Error", "cycle")
}
