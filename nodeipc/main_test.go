//go:build unix

package nodeipc_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc"
)

var serializationFlag = flag.String("serialization", "json", "what the channels of the tests speak where these do not say it")

// serialization is what a channel of a test speaks whose options say s.
func serialization(s nodeipc.Serialization) nodeipc.Serialization {
	if s == "" {
		return nodeipc.Serialization(*serializationFlag)
	}
	return s
}

// childVariable names what this test program does in place of its tests, so that a parent can start it as a
// child with a channel.
const childVariable = "NODEIPC_TEST_CHILD"

var childPrograms = map[string]func() error{}

func TestMain(m *testing.M) {
	name := os.Getenv(childVariable)
	if name == "" {
		os.Exit(m.Run())
	}
	program, ok := childPrograms[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "no child program %q\n", name)
		os.Exit(2)
	}
	if err := program(); err != nil {
		fmt.Fprintf(os.Stderr, "child program %s: %v\n", name, err)
		os.Exit(1)
	}
}
