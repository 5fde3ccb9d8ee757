package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOptionsThatMakeNoSense(t *testing.T) {
	suite := t.TempDir()
	if err := os.MkdirAll(filepath.Join(suite, "common"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(suite, "common", "index.js"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ args, want string }{
		{"", ""},
		{"--rig everything", `--rig: there is no "everything": use proxy`},
		{"--rig adopt,everything", `there is no "everything"`},
		{"--rig proxy,adopt", ""},
		{"--jobs 0", "--jobs 0"},
		{"--timeout 0s", "--timeout 0s"},
		{"--match [", "--match ["},
		{"--suite /tmp", "is not the test folder"},
		{"test-cluster-basic.js", "unknown argument test-cluster-basic.js"},
	} {
		_, err := parseOptions(append([]string{"--suite", suite}, strings.Fields(c.args)...))
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.args, err, c.want)
		}
	}
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		match string
		want  bool
	}{
		{"*", true}, {"parallel/*", true}, {"test-cluster-basic.js", true}, {"test-cluster-b*", true},
		{"test-cluster-basic", true}, {"sequential/*", false}, {"*dgram*", false},
	} {
		if got := (&options{match: c.match}).matches("parallel/test-cluster-basic.js"); got != c.want {
			t.Errorf("%q: %v, want %v", c.match, got, c.want)
		}
	}
}

func TestExclusionsNeedAReason(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(path, []byte("# none\n\nprimary parallel/test-cluster-basic.js\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := readExclusions(path); err == nil || !strings.Contains(err.Error(), path+":3: ") {
		t.Errorf("%v, want an error that names line 3", err)
	}
}
