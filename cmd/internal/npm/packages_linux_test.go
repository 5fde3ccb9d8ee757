package main

import (
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// testVersion is the version of the packages that the tests build.
const testVersion = "0.1.0"

// packed are the files that scripts/npm-package has made.
type packed struct{ npm, platform string }

// TestPackages builds the packages, installs them and uses them.
func TestPackages(t *testing.T) {
	if !nodetest.All() {
		t.Skip("installs by npm, pnpm and Yarn: scripts/test --all does")
	}
	source, p := committed(t), here(t)
	made := pack(t, source, p)
	t.Run("same bytes", func(t *testing.T) { expectSameBytes(t, source, p, made) })
	unpacked := t.TempDir()
	if out, err := exec.Command("tar", "-xzf", made.platform, "-C", unpacked).CombinedOutput(); err != nil {
		t.Fatalf("tar: %v: %s", err, out)
	}
	t.Run("static", func(t *testing.T) { expectStatic(t, filepath.Join(unpacked, "package", "bin", "nodecluster")) })
	t.Run("licences", func(t *testing.T) { expectLicences(t, filepath.Join(unpacked, "package")) })
	testInstalled(t, made)
}

// committed returns a repository with this source as it is here, in one commit that has a version. The commit is the same each time.
func committed(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	for _, name := range []string{"handlewrap", "nodeipc", "cluster", "cmd", "scripts"} {
		if err := os.CopyFS(filepath.Join(folder, name), os.DirFS(name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"go.mod", "go.sum", "LICENSE"} {
		if err := copyFile(name, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"init", "--quiet"}, {"add", "."}, {"commit", "--quiet", "--message", "all"}, {"tag", "v" + testVersion},
	} {
		cmd := exec.Command("git", append([]string{"-c", "user.name=nodecluster", "-c", "user.email=nodecluster@localhost"}, args...)...)
		cmd.Dir, cmd.Env = folder, withoutGit("GIT_AUTHOR_DATE=2026-01-01T00:00:00Z", "GIT_COMMITTER_DATE=2026-01-01T00:00:00Z")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", args[0], err, out)
		}
	}
	return folder
}

// withoutGit is the environment without what leads git to another repository or configures it, with more variables.
func withoutGit(more ...string) []string {
	env := slices.DeleteFunc(os.Environ(), func(variable string) bool { return strings.HasPrefix(variable, "GIT_") })
	return append(append(env, "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull), more...)
}

// pack has the packages of a platform built from a repository.
func pack(t *testing.T, source string, p platform, env ...string) packed {
	t.Helper()
	folder := t.TempDir()
	cmd := exec.Command(filepath.Join(source, "scripts", "npm-package"), "--out", folder, "--platform", p.String(), "v"+testVersion)
	cmd.Env = withoutGit(env...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("scripts/npm-package: %v: %s", err, said.String())
	}
	made := packed{
		npm:      filepath.Join(folder, "nodecluster-"+testVersion+".tgz"),
		platform: filepath.Join(folder, "nodecluster-"+p.String()+"-"+testVersion+".tgz"),
	}
	if want := made.npm + "\n" + made.platform + "\n"; string(out) != want {
		t.Fatalf("scripts/npm-package made %q, want %q", out, want)
	}
	return made
}

// expectSameBytes packs anew, from a repository at another place that others may not read, on another day.
func expectSameBytes(t *testing.T, source string, p platform, first packed) {
	t.Helper()
	moved := filepath.Join(t.TempDir(), "moved")
	if err := os.CopyFS(moved, os.DirFS(source)); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(moved, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		return os.Chmod(path, info.Mode()&0o700)
	})
	if err != nil {
		t.Fatal(err)
	}
	again := pack(t, moved, p, "TZ=Asia/Tokyo", "LC_ALL=C", "TMPDIR="+t.TempDir())
	for _, files := range [][2]string{{first.npm, again.npm}, {first.platform, again.platform}} {
		a, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(files[1])
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a, b) {
			t.Errorf("%s differs in two runs", filepath.Base(files[0]))
		}
	}
}

// expectStatic checks that a program needs no dynamic linker, so that it runs with any C library and without one.
func expectStatic(t *testing.T, file string) {
	t.Helper()
	f, err := elf.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, segment := range f.Progs {
		if segment.Type == elf.PT_INTERP || segment.Type == elf.PT_DYNAMIC {
			t.Errorf("the program has a segment %v", segment.Type)
		}
	}
}

// expectLicences checks that a package has the licences of all modules that are in its program, of Go, and of the page's charts.
func expectLicences(t *testing.T, folder string) {
	t.Helper()
	info, err := buildinfo.ReadFile(filepath.Join(folder, "bin", "nodecluster"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(folder, "THIRD-PARTY-LICENSES"))
	if err != nil {
		t.Fatal(err)
	}
	for _, module := range append(info.Deps, &debug.Module{Path: "Go", Version: info.GoVersion}) {
		if !strings.Contains(string(text), "\n"+module.Path+" "+module.Version+": LICENSE") {
			t.Errorf("no licence of %s %s", module.Path, module.Version)
		}
	}
	for _, words := range []string{"Copyright (c) 2022 Leon Sorokin", "Copyright 2009 The Go Authors"} {
		if !strings.Contains(string(text), words) {
			t.Errorf("the licences do not say %q", words)
		}
	}
}
