package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// root is where the program runs.
const root = "../../.."

func TestMain(m *testing.M) {
	if err := os.Chdir(root); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// here is the platform of the tests.
func here(t *testing.T) platform {
	t.Helper()
	t.Setenv("NODE_OPTIONS", "")
	out, err := exec.Command(nodetest.Default(t).Path, "-p", "process.arch").Output()
	if err != nil {
		t.Fatal(err)
	}
	return platform{"linux", strings.TrimSpace(string(out))}
}

// withoutProgram returns a folder in which the npm package is installed, and no program.
func withoutProgram(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	of, err := readTemplate()
	if err == nil {
		err = of.write(filepath.Join(folder, "node_modules", "nodecluster"), "0.1.0")
	}
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// addPlatform installs the package of a platform beside the npm package, with a program that is a script for the Node in PATH.
func addPlatform(t *testing.T, folder string, p platform, script string) {
	t.Helper()
	to := filepath.Join(folder, "node_modules", "@nodecluster", p.String())
	of, err := readTemplate()
	if err == nil {
		err = os.MkdirAll(filepath.Join(to, "bin"), 0o755)
	}
	if err == nil {
		err = of.writePlatform(to, p, "0.1.0")
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(to, "bin", "nodecluster"), []byte("#!/usr/bin/env node\n"+script), 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// writeFiles writes texts into files of a folder.
func writeFiles(t *testing.T, folder string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// with returns a command in a folder, with a Node that "node" and the launchers run, and variables beside those of the tests.
func with(t *testing.T, node nodetest.Runtime, folder string, env []string, name string, args ...string) *exec.Cmd {
	t.Helper()
	if name == "node" {
		name = node.Path
	}
	cmd := exec.CommandContext(nodetest.Context(t), name, args...)
	cmd.Dir = folder
	path := "PATH=" + filepath.Dir(node.Path) + string(os.PathListSeparator) + os.Getenv("PATH")
	cmd.Env = append(append(os.Environ(), path, "NODE_OPTIONS="), env...)
	return cmd
}

// ran is what came of a command.
type ran struct {
	status         int
	stdout, stderr string
}

// run runs a command to its end.
func run(t *testing.T, cmd *exec.Cmd) ran {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return ran{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// expect runs a command that prints that, and nothing to standard error.
func expect(t *testing.T, cmd *exec.Cmd, stdout string) {
	t.Helper()
	if got, want := run(t, cmd), (ran{0, stdout, ""}); got != want {
		t.Errorf("%s: %+v, want %+v", strings.Join(cmd.Args, " "), got, want)
	}
}
