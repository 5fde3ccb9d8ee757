package main

import (
	"bytes"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
)

// program is what the packages have.
const program = "./cmd/nodecluster"

// platform is what Node calls one: its process.platform and process.arch.
type platform struct{ os, cpu string }

func (p platform) String() string { return p.os + "-" + p.cpu }

// environ is an environment in which Go builds for the platform, and what it builds does not depend on this machine's settings.
func (p platform) environ() []string {
	arch := p.cpu
	if arch == "x64" {
		arch = "amd64"
	}
	return append(os.Environ(), "GOOS="+p.os, "GOARCH="+arch, "CGO_ENABLED=0",
		"GOAMD64=v1", "GOARM64=v8.0", "GOFLAGS=", "GOEXPERIMENT=", "GOWORK=off")
}

// run runs Go for the platform, and returns what it prints.
func (p platform) run(args ...string) ([]byte, error) {
	cmd := exec.Command("go", args...)
	cmd.Env = p.environ()
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("go %s: %w: %s", args[0], err, strings.TrimSpace(said.String()))
	}
	return out.Bytes(), nil
}

// build builds the program into a file, and returns the modules in it and its version as npm writes it.
func (p platform) build(file string) (modules []*debug.Module, version string, err error) {
	if _, err := p.run("build", "-trimpath", "-buildvcs=true", "-ldflags=-s -w", "-o", file, program); err != nil {
		return nil, "", err
	}
	info, err := buildinfo.ReadFile(file)
	if err != nil {
		return nil, "", err
	}
	version, ok := strings.CutPrefix(info.Main.Version, "v")
	if !ok || strings.Contains(version, "+") {
		return nil, "", fmt.Errorf("the version is %q: build in a Git repository without changes, as scripts/npm-package does", info.Main.Version)
	}
	return info.Deps, version, nil
}
