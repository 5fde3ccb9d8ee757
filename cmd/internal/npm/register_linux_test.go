package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// plain is a program whose worker, its threads, whose own threads and whose other child load all that the program loads.
const plain = `
const cluster = require('cluster')
const { Worker, isMainThread } = require('worker_threads')
if (isMainThread) {
  if (cluster.isPrimary) require('child_process').fork('-e', ['0'])
  if (cluster.isPrimary) cluster.fork().on('exit', status => console.log('worker ended: ' + status))
  new Worker(__filename).on('exit', () => cluster.isWorker && process.disconnect())
}
`

// alone is what the line begins with that tells why there is no engine.
const alone = "nodecluster: workers are served by Node alone: "

// Where there is no program, the cluster is plain Node's, which is said once, or an error if that is wanted.
func TestRegisterWithoutProgram(t *testing.T) {
	folder := withoutProgram(t)
	writeFiles(t, folder, map[string]string{
		"app.js":     plain,
		"windows.js": "Object.defineProperty(process, 'platform', { value: 'win32' })",
	})
	p := here(t)
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		want := ran{stdout: "worker ended: 0\n", stderr: alone + notInstalled(p) + "\n"}
		for _, how := range waysToRegister(node) {
			if got := run(t, with(t, node, folder, how.env, "node", append(how.args, "app.js")...)); got != want {
				t.Errorf("%s: %+v, want %+v", how, got, want)
			}
		}
		got := run(t, with(t, node, folder, []string{"NODECLUSTER_STRICT=1"}, "node", "--require", "nodecluster/register", "app.js"))
		if got.status != 1 || got.stdout != "" || !strings.Contains(got.stderr, "Error: "+notInstalled(p)+"\n") {
			t.Errorf("strictly: %+v", got)
		}
	})
	onWindows := []string{"--require", "./windows.js", "--require", "nodecluster/register", "app.js"}
	got := run(t, with(t, nodetest.Default(t), folder, nil, "node", onWindows...))
	want := fmt.Sprintf(alone+"there is no nodecluster for win32-%s, only @nodecluster/darwin-arm64, @nodecluster/darwin-x64, "+
		"@nodecluster/linux-arm64, @nodecluster/linux-x64\n", p.cpu)
	if got != (ran{stdout: "worker ended: 0\n", stderr: want}) {
		t.Errorf("on Windows: %+v", got)
	}
}

func TestRegisterWithOtherProgram(t *testing.T) {
	folder := withoutProgram(t)
	addPlatform(t, folder, platform{"darwin", "arm64"}, "")
	got := run(t, with(t, nodetest.Default(t), folder, nil, "node", "--require", "nodecluster/register", "--eval", "0"))
	want := ran{stderr: alone + "the package @nodecluster/" + here(t).String() + " is not installed: " +
		"@nodecluster/darwin-arm64 is, so node_modules is of another machine: run npm ci on this one\n"}
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// way is a way to load register before a program.
type way struct {
	env, args []string
}

func (w way) String() string { return strings.Join(append(w.env, w.args...), " ") }

// waysToRegister are those of a Node.
func waysToRegister(node nodetest.Runtime) []way {
	ways := []way{
		{args: []string{"--require", "nodecluster/register"}},
		{env: []string{"NODE_OPTIONS=--require=nodecluster/register"}},
	}
	if node.Major >= 18 {
		ways = append(ways, way{args: []string{"--import", "nodecluster/register"}})
	}
	return ways
}
