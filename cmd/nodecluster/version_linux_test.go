package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

// versionText is what the version command prints of a program that this Go has built.
func versionText(number, commit string) string {
	return fmt.Sprintf("nodecluster %s\ncommit:   %s\ngo:       %s\nplatform: %s/%s\n",
		number, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

func TestVersionWithoutCommit(t *testing.T) {
	expectVersion(t, binary, versionText("(devel)", "not recorded in this build"))
}

func TestVersionOfCommit(t *testing.T) {
	source := copySource(t)
	git(t, source, "init", "--quiet")
	git(t, source, "add", ".")
	git(t, source, "commit", "--quiet", "--message", "all")
	git(t, source, "tag", "v0.1.0")
	commit := git(t, source, "rev-parse", "HEAD")
	expectVersion(t, buildIn(t, source), versionText("v0.1.0", commit))

	writeFile(t, filepath.Join(source, "new.txt"), nil)
	expectVersion(t, buildIn(t, source), versionText("v0.1.0+dirty", commit+" (modified)"))
}

// A program that "go install module@version" has built knows the module's version, and no commit.
func TestVersionOfModule(t *testing.T) {
	info := &debug.BuildInfo{Main: debug.Module{Version: "v0.1.0", Sum: "h1:"}}
	if got, want := version(info), versionText("v0.1.0", "not recorded in this build"); got != want {
		t.Errorf("the version is\n%swant\n%s", got, want)
	}
}

func expectVersion(t *testing.T, program, want string) {
	t.Helper()
	p := launchCommand(t, exec.Command(program, "version"))
	p.expectStatus(0)
	if got := p.stdout.String(); got != want {
		t.Errorf("the version is\n%swant\n%s", got, want)
	}
}

// copySource copies what the program is built of into a folder that is in no repository.
func copySource(t *testing.T) string {
	t.Helper()
	folder, root := t.TempDir(), filepath.Join("..", "..")
	for _, name := range []string{"handlewrap", "nodeipc", "cluster", "cmd"} {
		if err := os.CopyFS(filepath.Join(folder, name), os.DirFS(filepath.Join(root, name))); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(folder, name), text)
	}
	return folder
}

func writeFile(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// git runs git in a folder, with no configuration but its own, and gives what it prints.
func git(t *testing.T, folder string, args ...string) string {
	t.Helper()
	identity := []string{"-c", "user.name=nodecluster", "-c", "user.email=nodecluster@localhost"}
	cmd := exec.Command("git", append(identity, args...)...)
	cmd.Dir = folder
	cmd.Env = append(withoutGit(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// withoutGit is the environment without what leads git to another repository, as a hook of git's has it.
func withoutGit() []string {
	return slices.DeleteFunc(os.Environ(), func(variable string) bool { return strings.HasPrefix(variable, "GIT_") })
}

// buildIn builds the program from a copy of the source. Without optimization and symbols that takes less time.
func buildIn(t *testing.T, source string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "nodecluster")
	cmd := exec.Command("go", "build", "-buildvcs=true", "-gcflags=github.com/nodecluster/...=-N -l", "-ldflags=-s -w",
		"-o", program, "./cmd/nodecluster")
	cmd.Dir = source
	cmd.Env = withoutGit()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build the program: %v\n%s", err, out)
	}
	return program
}
