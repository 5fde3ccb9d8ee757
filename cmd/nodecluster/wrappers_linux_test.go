package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// whether is a script that prints whether it is a cluster worker.
const whether = "console.log('worker: ' + require('cluster').isWorker); process.exit();"

// folderWith gives a folder with files.
func folderWith(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// launchIn starts a run with a text log in a folder.
func launchIn(t *testing.T, folder string, args ...string) *program {
	t.Helper()
	cmd := exec.Command(binary, append([]string{"run", "-i", "1"}, args...)...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "npm_config_cache="+t.TempDir(), "npm_config_update_notifier=false")
	return launchCommand(t, cmd)
}

// expectWorker checks that the script of a run that has ended was a cluster worker, or none.
func (p *program) expectWorker(want string) {
	p.t.Helper()
	p.expectStatus(0)
	if !strings.Contains(p.stdout.String(), "worker: "+want+"\n") {
		p.t.Errorf("standard output is %q, want it to say worker: %s", p.stdout, want)
	}
}

// A script that tsx or npm runs is no cluster worker. The log says what to write instead, and that works.
func TestWrappers(t *testing.T) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		t.Fatal("npm is missing, which comes with Node: ", err)
	}
	const starts = " starts a process of its own, which is not a cluster worker: "
	folder := folderWith(t, map[string]string{
		"app.js": whether, "package.json": `{"name":"app","scripts":{"start":"node app.js"}}`,
	})
	t.Run("tsx", func(t *testing.T) {
		node := nodetest.Default(t)
		modules := filepath.Join(nodetest.Apps(t), "node_modules")
		p := launchIn(t, folder, "--node", filepath.Join(modules, ".bin", "tsx"), "app.js")
		p.expectWorker("false")
		p.stderr.awaitText(t, "nodecluster: tsx"+starts+`use --node-args "--import tsx"`+"\n")
		if node.Major < 20 {
			t.Skip("--import needs Node 20")
		}
		p = launchIn(t, modules, "--node", node.Path, "--node-args", "--import tsx", filepath.Join(folder, "app.js"))
		p.expectWorker("true")
		if strings.Contains(p.stderr.String(), starts) {
			t.Error("there is a warning")
		}
	})
	t.Run("--watch", func(t *testing.T) {
		node := nodetest.Default(t)
		if node.Major < 18 {
			t.Skip("--watch needs Node 18")
		}
		p := launchIn(t, folder, "--node", node.Path, "--node-args", "--watch", "--kill-timeout", "1s", "app.js")
		p.stderr.awaitText(t, "nodecluster: --watch"+starts+"leave it out\n")
		p.stdout.awaitText(t, "worker: false\n")
		p.signal(syscall.SIGTERM)
		p.wait()
	})
	t.Run("npm", func(t *testing.T) {
		p := launchIn(t, folder, npm, "start")
		p.expectWorker("false")
		p.stderr.awaitText(t, "nodecluster: npm"+starts+"name the script that it runs: node app.js\n")
		for _, command := range []string{"npm start", "npm run start"} {
			p = launchIn(t, folder, strings.Fields(command)...)
			p.expectStatus(1)
			if got, want := p.stderr.String(), "nodecluster: there is no script npm: npm"+starts+"name the script that it runs: node app.js\n"; got != want {
				t.Errorf("standard error is %q, want %q", got, want)
			}
		}
		launchIn(t, folder, "app.js").expectWorker("true")
	})
	t.Run("node", func(t *testing.T) {
		p := launchIn(t, folder, "node", "app.js")
		p.expectStatus(1)
		const want = "nodecluster: there is no script node: leave out node, and name the script first; what node itself is to get goes to --node-args\n"
		if got := p.stderr.String(); got != want {
			t.Errorf("standard error is %q, want %q", got, want)
		}
	})
	t.Run("another program", func(t *testing.T) {
		path, err := exec.LookPath("true")
		if err != nil {
			t.Fatal(err)
		}
		p := launchIn(t, folder, "true")
		p.expectStatus(1)
		if got, want := p.stderr.String(), "nodecluster: there is no script true: write "+path+" to run that program\n"; got != want {
			t.Errorf("standard error is %q, want %q", got, want)
		}
		launchIn(t, folder, path).expectStatus(0)
	})
}

// Programs that start workers of themselves are workers under run, whatever they start them by. One that only starts workers of another
// script is told what to use: exec, under which it works.
func TestPrimariesUnderRun(t *testing.T) {
	const worker, says = "console.log('worker: ' + require('cluster').isWorker); require('cluster').worker.disconnect();", " starts workers by "
	folder := folderWith(t, map[string]string{
		"worker.js":    worker,
		"throng.js":    "require('throng')({ count: 2, worker: (id, disconnect) => { console.log('worker: ' + (id > 0)); disconnect(); } });",
		"own.js":       "const c = require('cluster');\nif (c.isPrimary || c.isMaster) c.fork();\nelse {" + worker + "}",
		"both.js":      "const cfork = require('cfork');\ncfork.fork({ exec: __filename });\n" + worker,
		"recluster.js": "// One worker.\nrequire('recluster')(__dirname + '/worker.js', { workers: 1, respawn: 60, log: {} }).run();",
		"cfork.mjs":    "import { fork } from 'cfork';\nfork({ count: 1, refork: false, exec: 'worker.js' });",
		"setup.js":     "const c = require('cluster');\nif (c.isPrimary) {\n  c.setupPrimary({\n    exec: 'worker.js' });\n  c.fork();\n}",
	})
	start := func(t *testing.T, args ...string) *program {
		cmd := exec.Command(binary, args...)
		cmd.Dir, cmd.Env = folder, append(os.Environ(), "NODE_PATH="+nodetest.Libraries(t))
		if err := os.Symlink(nodetest.Libraries(t), filepath.Join(folder, "node_modules")); err != nil && !os.IsExist(err) {
			t.Fatal(err)
		}
		return launchCommand(t, cmd)
	}
	node := nodetest.Default(t).Path
	for _, script := range []string{"throng.js", "own.js", "both.js"} {
		t.Run(script, func(t *testing.T) {
			p := start(t, "run", "-i", "1", "--node", node, script)
			p.expectWorker("true")
			if strings.Contains(p.stderr.String(), says) {
				t.Errorf("there is a warning: %s", p.stderr)
			}
		})
	}
	for script, by := range map[string]string{"recluster.js": "recluster", "cfork.mjs": "cfork", "setup.js": "cluster.setupPrimary"} {
		t.Run(script, func(t *testing.T) {
			p := start(t, "run", "-i", "1", "--node", node, "--kill-timeout", "1s", script)
			p.stderr.awaitText(t, "nodecluster: "+script+says+by+", which does nothing in a cluster worker: use nodecluster exec "+script+
				", or name the script of its workers\n")
			p.signal(syscall.SIGTERM)
			p.wait()
			p = start(t, "exec", "--node", node, script)
			p.stdout.awaitText(t, "worker: true\n")
			p.signal(syscall.SIGTERM)
			p.wait()
		})
	}
}
