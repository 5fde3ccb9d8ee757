package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// TestExecPackages: what npm has for primaries and workers runs on the engine as on plain Node.
func TestExecPackages(t *testing.T) {
	modules := "NODE_PATH=" + nodetest.Managers(t) + ":" + filepath.Join(nodetest.Apps(t), "node_modules")
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		for _, file := range []string{"throng.js", "recluster.js", "cfork.js", "socketio.js", "fastify.js"} {
			t.Run(file, func(t *testing.T) {
				primaryProgram{line: file, env: []string{modules}}.compare(t, node.Path, "testdata/primaries")
			})
		}
	})
}

// TestExecEgg: Egg's own masters do the same on the engine, on every Node that they support. Those of a Node run side by side, because
// they wait now and then.
func TestExecEgg(t *testing.T) {
	env := []string{"NODE_PATH=" + nodetest.Eggs(t), "EGG_SERVER_ENV=prod"}
	nodetest.EachNodeOrNewest(t, func(t *testing.T, node nodetest.Runtime) {
		var running []comparison
		for _, c := range []primaryProgram{{line: "egg.js egg3 PORTS"}, {line: "egg.js egg4 PORTS", since: 18}} {
			if c.env = env; node.Major >= c.since {
				running = append(running, c.startBoth(t, node.Path, "testdata/primaries"))
			}
		}
		for _, c := range running {
			c.expectSame(t)
		}
	})
}

// TestExecNext: Next in workers that a program forks does the same on the engine, on every Node that it supports.
func TestExecNext(t *testing.T) {
	if !nodetest.All() {
		t.Skip("needs Next: scripts/test --all has it")
	}
	folder := buildNext(t)
	env := []string{"NODE_PATH=" + nodetest.Next(t)}
	nodetest.EachNodeOrNewest(t, func(t *testing.T, node nodetest.Runtime) {
		primaryProgram{line: "next.js " + folder, env: env}.compare(t, node.Path, "testdata/primaries")
	})
}

// buildNext has next build make the application of testdata/next-app, and gives its folder.
func buildNext(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	err := os.CopyFS(folder, os.DirFS("testdata/next-app"))
	if err == nil {
		err = os.Symlink(nodetest.Next(t), filepath.Join(folder, "node_modules"))
	}
	if err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(nodetest.Context(t), nodetest.Default(t).Path, "node_modules/next/dist/bin/next", "build")
	build.Dir = folder
	build.Env = append(os.Environ(), "HOME="+t.TempDir(), "NEXT_TELEMETRY_DISABLED=1")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("next build: %v\n%s", err, out)
	}
	return folder
}
