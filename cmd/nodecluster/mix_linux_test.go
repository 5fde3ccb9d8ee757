package main

import (
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// goWorker builds the Go worker of the examples.
func goWorker(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "worker in go")
	build := exec.Command("go", "build", "-buildvcs=false", fmt.Sprintf("-race=%t", nodetest.RaceDetector), "-o", path, "../examples/worker")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// answers asks as often as there are workers and gives the distinct answers.
func answers(t *testing.T, port, workers int) map[string]bool {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	got := map[string]bool{}
	for range workers {
		response, err := client.Get("http://" + localhost(port))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		got[string(body)] = true
	}
	return got
}

func TestMixedPoolBehindOnePort(t *testing.T) {
	worker := goWorker(t)
	port := nodetest.FreePort(t)
	p := launch(t, portVariable(port), "-i", "1", "--mix", "2='"+worker+"'", "--mix", "1="+app(t, "http.js"), app(t, "http.js"))
	p.await("listening", 4)
	kinds := map[bool]int{}
	for answer := range answers(t, port, 4) {
		kinds[strings.HasPrefix(answer, "Go, ")]++
	}
	if kinds[true] != 2 || kinds[false] != 2 {
		t.Errorf("%d Go and %d Node workers have answered", kinds[true], kinds[false])
	}
	p.stop()
}

func TestWrongMix(t *testing.T) {
	for arg, want := range map[string]string{
		"two=./x":             "use N=COMMAND",
		"2=":                  "use N=COMMAND",
		"0=./x":               "use N=COMMAND",
		"1='x":                "use N=COMMAND",
		"1=./no-such-command": "--mix 1=./no-such-command: no such program",
		"1=./no-such.js":      "there is no script ./no-such.js",
	} {
		out, err := exec.Command(binary, "run", "--mix", arg, app(t, "http.js")).CombinedOutput()
		if err == nil {
			t.Errorf("--mix %s: no error", arg)
		}
		if text := string(out); !strings.Contains(text, want) || strings.Count(strings.TrimSpace(text), "\n") > 0 {
			t.Errorf("--mix %s: %q, want one line with %q", arg, text, want)
		}
	}
}
