package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// files are those of a module whose tests end in every way.
var files = map[string]string{
	"go.mod": "module github.com/nodecluster/nodecluster\n",
	"ends/ends_test.go": `package ends

import (
	"fmt"
	"testing"
)

func TestPasses(t *testing.T) { t.Log("said in passing"); fmt.Println("printed in passing") }

func TestFails(t *testing.T) {
	t.Log("said in failing")
	t.Run("below", func(t *testing.T) { t.Error("said below") })
	t.Run("beside", func(t *testing.T) { t.Log("said beside") })
}

func TestSkipped(t *testing.T) {
	t.Run("one", func(t *testing.T) { t.Skip("needs a moon") })
	t.Run("two", func(t *testing.T) { t.Log("not this"); t.Skip("needs a moon") })
	t.Run("three", func(t *testing.T) { t.SkipNow() })
}

func BenchmarkNothing(b *testing.B) {}
`,
	"panics/panics_test.go": `package panics

import "testing"

func TestPanics(t *testing.T) { panic("said in a panic") }
`,
	"broken/broken_test.go": `package broken

import "testing"

func TestBroken(t *testing.T) { notThere() }
`,
	"none/none.go": "package none\n",
}

// reportOf gives the report of what go test -json prints in the module.
func reportOf(t *testing.T, all bool, args ...string) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", append([]string{"test", "-json", fmt.Sprintf("-race=%t", nodetest.RaceDetector), "-count=1"}, args...)...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "GOFLAGS=-buildvcs=false", "GORACE=atexit_sleep_ms=0")
	said, err := cmd.Output()
	if exit, failed := err.(*exec.ExitError); failed && exit.ExitCode() != 1 || !failed && err != nil {
		t.Fatalf("go test: %v", err)
	}
	var out bytes.Buffer
	r := newReport(&out, all)
	if err := r.read(bytes.NewReader(said)); err != nil {
		t.Fatal(err)
	}
	if err := r.summarize(2); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestReport(t *testing.T) {
	got := reportOf(t, false, "./...")
	for _, want := range []string{
		`broken_test.go:5:33: undefined: notThere\n`,
		`FAIL\tgithub.com/nodecluster/nodecluster/broken \[build failed\]\n`,
		`ends_test.go:\d+: said in failing\n`, `ends_test.go:\d+: said below\n`, `--- FAIL: TestFails/below \(`, `--- FAIL: TestFails \(`,
		`FAIL\tgithub.com/nodecluster/nodecluster/ends\t`,
		`panic: said in a panic`, `FAIL\tgithub.com/nodecluster/nodecluster/panics\t`,
		`(?m)^slowest:\n +[\d.]+ s  Test\w+ in (ends|panics)\n +[\d.]+ s  Test\w+ in (ends|panics)\n3 passed, 3 skipped\n` +
			`    2  needs a moon \(TestSkipped/one, TestSkipped/two\)\n    1  for no reason given \(TestSkipped/three\)\n$`,
	} {
		if !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("there is no %s in\n%s", want, got)
		}
	}
	for _, unwanted := range []string{"in passing", "said beside", "=== ", "--- PASS", "no test files"} {
		if strings.Contains(got, unwanted) {
			t.Errorf("there is %q in\n%s", unwanted, got)
		}
	}
}

func TestReportOfAll(t *testing.T) {
	got := reportOf(t, true, "-bench=.", "-run=Passes", "./ends")
	for _, want := range []string{"said in passing", "printed in passing", "--- PASS: TestPasses (", "BenchmarkNothing", "ok  \tgithub.com/nodecluster/nodecluster/ends\t", "1 passed, 0 skipped\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %q in\n%s", want, got)
		}
	}
}

// What is no event is printed as it is.
func TestOtherLines(t *testing.T) {
	var out bytes.Buffer
	r := newReport(&out, false)
	if err := r.read(strings.NewReader("go: no such tool\n{broken\nno line feed")); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "go: no such tool\n{broken\nno line feed"; got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
}
