//go:build unix

package cluster_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
)

var serialization = flag.String("serialization", "json", "what the channels between primaries and workers speak")

// speaks gives settings the serialization of the tests, unless they say theirs.
func speaks(settings *cluster.Settings) {
	if settings.Serialization == "" {
		settings.Serialization = nodeipc.Serialization(*serialization)
	}
}

// serializationVariable tells the primaries in testdata the same.
const serializationVariable = "CLUSTER_TEST_SERIALIZATION"

// text is a message as JSON, whatever it was sent as.
func text(m nodeipc.Message) json.RawMessage {
	var raw json.RawMessage
	if err := m.Decode(&raw); err != nil {
		return json.RawMessage(fmt.Sprintf("%q", err))
	}
	return raw
}

// programVariable names what this test program does in place of its tests, so that a primary can run it as a worker.
const programVariable = "CLUSTER_TEST_PROGRAM"

var programs = map[string]func() error{}

// asProgram is the environment in which this test program is one of the programs. The race detector's end of a
// process takes a second otherwise.
func asProgram(name string) []string {
	return []string{programVariable + "=" + name, "GORACE=atexit_sleep_ms=0"}
}

func TestMain(m *testing.M) {
	name := os.Getenv(programVariable)
	if name == "" {
		flag.Parse()
		os.Setenv(serializationVariable, *serialization)
		if err := watchForks(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		os.Exit(m.Run())
	}
	program, ok := programs[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "no program %q\n", name)
		os.Exit(2)
	}
	if err := program(); err != nil {
		fmt.Fprintf(os.Stderr, "program %s: %v\n", name, err)
		os.Exit(1)
	}
}
