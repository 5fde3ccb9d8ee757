//go:build unix

package main

import (
	"cmp"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed testdata/bare_relay.c
var bareRelayC []byte

// compileBareRelay makes the relay of bare system calls, and returns its path. It needs a C compiler, which CC names.
func compileBareRelay(folder string) (string, error) {
	source, program := filepath.Join(folder, "bare_relay.c"), filepath.Join(folder, "bare_relay")
	if err := os.WriteFile(source, bareRelayC, 0o600); err != nil {
		return "", err
	}
	compiler := cmp.Or(os.Getenv("CC"), "cc")
	out, err := exec.Command(compiler, "-O2", "-Wall", "-Wextra", "-Werror", "-o", program, source).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("compile the relay of bare system calls: %w: %s", err, out)
	}
	return program, nil
}
