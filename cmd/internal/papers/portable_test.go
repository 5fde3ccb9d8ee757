package papers

import (
	"go/build"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// notPortable are files of other systems that the tag portable does not compile on Linux, and why.
var notPortable = map[string]string{
	"handlewrap/state_unix.go":                              "Linux polls a socket that never was connected as hung up, and others do not",
	"nodeipc/internal/socket/unread_other.go":               "Linux does not end a read before a message with a descriptor, so that it needs the other file",
	"nodeipc/nodetest/fds_other.go":                         "a test that finds no leaks",
	"cluster/internal/clustertest/forks_other.go":           "of the tests themselves",
	"cmd/nodecluster/init_other.go":                         "does nothing: only Linux has containers",
	"cmd/nodecluster/internal/options/pdeathsig_other.go":   "does nothing: only Linux ends workers with their primary",
	"handlewrap/close_other.go":                             "Linux interrupts a close that takes long, and the tests need that",
	"cluster/internal/bind/path_other.go":                   "Linux has abstract names, and changes the mode of a socket by /proc",
	"cmd/nodecluster/internal/supervise/inherited_other.go": "names the folder of the descriptors, which is another one on Linux",
	"cmd/nodecluster/internal/trace/peer_other.go":          "believes every peer, and the tests have strangers refused",
	"nodeipc/tracing/report_other.go":                       "believes every peer, and the tests have strangers refused",
	"cluster/pool/internal/limits/cpus_other.go":            "asks Go, which has asked the system once; Linux can be asked again",
	"cluster/internal/usage/usage_other.go":                 "says that only Linux tells the memory of a process",
	"cmd/nodecluster/internal/web/peer_other.go":            "says that only Linux tells whose a connection is",
	"cmd/nodecluster/internal/usage/sampler_other.go":       "says that only Linux tells what a process uses",
	"cmd/nodecluster/internal/control/peer_bsd.go":          "asks BSD's kernel who connects, in its own words",
	"cmd/nodecluster/internal/home/lock_bsd.go":             "locks by flock, as Linux has locks of open files",
	"cmd/nodecluster/internal/home/socket_bsd.go":           "has no /proc to shorten a path by",
	"cmd/nodecluster/internal/logs/bench/main_other.go":     "says that it is for Linux",
	"cmd/internal/attacks/main_other.go":                    "says that it is for Linux",
	"cmd/internal/bench/main_other.go":                      "says that it is for Linux",
	"cmd/internal/conformance/main_other.go":                "says that it is for Linux",
	"cmd/internal/conformance/primary/main_other.go":        "says that it is for Linux",
	"cmd/internal/eggs/main_other.go":                       "says that it is for Linux",
	"cmd/internal/reloads/main_other.go":                    "says that it is for Linux",
	"cmd/internal/workers/main_other.go":                    "says that it is for Linux",
	"testdata/facts/record/main_other.go":                   "says that it is for Linux",
}

// oneSystems are files that one of the systems has for itself.
var oneSystems = regexp.MustCompile(`_(darwin|freebsd)(_test)?\.go$`)

// TestPortable: what macOS and FreeBSD share is compiled on Linux under the tag portable, in packages that scripts/test tests with
// it. What is one system's alone bears its name, or stands in notPortable.
func TestPortable(t *testing.T) {
	found := map[string]bool{}
	packages := map[string]bool{}
	for _, file := range goFiles(t) {
		folder := filepath.Dir(file)
		switch {
		case oneSystems.MatchString(file), matches(t, file, "linux"), !matches(t, file, "darwin") && !matches(t, file, "freebsd"):
		case notPortable[file] != "":
			found[file] = true
		case !matches(t, file, "linux", "portable"):
			t.Errorf("%s is compiled on other systems and never on Linux: have its constraint say (!linux || portable)", file)
		default:
			packages["./"+folder] = true
		}
	}
	for file := range notPortable {
		if !found[file] {
			t.Errorf("%s is an exception and no file of other systems", file)
		}
	}
	tested := testedPortably(t)
	for p := range packages {
		if !slices.Contains(tested, p) {
			t.Errorf("%s has files of other systems, and scripts/test does not test it with the tag portable", p)
		}
	}
}

// goFiles are the Go files of the repository, with slashes.
func goFiles(t *testing.T) (files []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
		if d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules") {
			return fs.SkipDir
		}
		if strings.HasSuffix(path, ".go") {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// matches reports whether a file is compiled for a system with the tags.
func matches(t *testing.T, file, system string, tags ...string) bool {
	t.Helper()
	context := build.Default
	context.GOOS, context.BuildTags = system, tags
	ok, err := context.MatchFile(filepath.Join(root, filepath.Dir(file)), filepath.Base(file))
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

// testedPortably are the packages that scripts/test tests with the tag portable: those of its list, and those that a line names
// beside the tag.
func testedPortably(t *testing.T) []string {
	t.Helper()
	script, err := os.ReadFile(filepath.Join(root, "scripts/test"))
	if err != nil {
		t.Fatal(err)
	}
	places := regexp.MustCompile(`(?m)^portable=\([^)]*\)|-tags portable .*$`).FindAllString(string(script), -1)
	if len(places) == 0 {
		t.Fatal("scripts/test tests nothing with the tag portable")
	}
	return regexp.MustCompile(`\./[a-z/]+`).FindAllString(strings.Join(places, "\n"), -1)
}
