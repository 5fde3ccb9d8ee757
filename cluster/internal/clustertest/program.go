//go:build unix

// Package clustertest is what the tests of package cluster and of the packages below it share: primaries of ours and of
// Node's that do as a test says, agents that are their workers, clients, and journals of what happens.
package clustertest

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
)

var Serialization = flag.String("serialization", "json", "what the channels between primaries and workers speak")

// Speaks gives settings the serialization of the tests, unless they say theirs.
func Speaks(settings *cluster.Settings) {
	if settings.Serialization == "" {
		settings.Serialization = nodeipc.Serialization(*Serialization)
	}
}

// serializationVariable tells the primaries in testdata the same.
const serializationVariable = "CLUSTER_TEST_SERIALIZATION"

// Text is a message as JSON, whatever it was sent as.
func Text(m nodeipc.Message) json.RawMessage {
	var raw json.RawMessage
	if err := m.Decode(&raw); err != nil {
		return json.RawMessage(fmt.Sprintf("%q", err))
	}
	return raw
}

// programVariable names what this test program does in place of its tests, so that a primary can run it as a worker.
const programVariable = "CLUSTER_TEST_PROGRAM"

var Programs = map[string]func() error{}

// AsProgram is the environment in which this test program is one of the programs. The race detector's end of a
// process takes a second otherwise.
func AsProgram(name string) []string {
	return []string{programVariable + "=" + name, "GORACE=atexit_sleep_ms=0"}
}

func Main(m *testing.M) {
	name := os.Getenv(programVariable)
	if name == "" {
		flag.Parse()
		os.Setenv(serializationVariable, *Serialization)
		if err := watchForks(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		os.Exit(m.Run())
	}
	program, ok := Programs[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "no program %q\n", name)
		os.Exit(2)
	}
	if err := program(); err != nil {
		fmt.Fprintf(os.Stderr, "program %s: %v\n", name, err)
		os.Exit(1)
	}
}

// Script is the path of a script of this package's testdata.
func Script(name string) string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "testdata", name)
}

// Shell is a worker that is a few words of shell.
func Shell(words string) cluster.Settings {
	return cluster.Settings{ExecPath: "/bin/sh", Args: []string{"-c", words}, Serialization: nodeipc.JSON}
}
