package main

import (
	"os"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// executable writes a program that its first line says how to run.
func executable(t *testing.T, name, source string) string {
	t.Helper()
	path := nodetest.Script(t, name, source)
	if err := os.Chmod(path, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}
