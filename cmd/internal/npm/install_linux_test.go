package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// app is a cluster whose worker answers a request of its primary's. The primary says how many engines it has.
const app = `
const cluster = require('cluster')
const fs = require('fs')
const http = require('http')
if (cluster.isPrimary) {
  const worker = cluster.fork()
  cluster.on('listening', (_, { port }) => {
    http.get({ port, agent: false }, answer => answer.on('data', data => {
      console.log(data + ', engines: ' + engines())
      worker.disconnect()
    }))
  })
} else {
  http.createServer((_, answer) => answer.end('worker ' + cluster.worker.id)).listen(0)
}

function engines() {
  const start = [require('nodecluster/binary').find(), 'adopt-engine', ''].join('\0')
  const children = fs.readdirSync('/proc/self/task').map(thread => fs.readFileSync('/proc/self/task/' + thread + '/children', 'utf8'))
  return children.join('').match(/\d+/g).filter(pid => fs.readFileSync('/proc/' + pid + '/cmdline', 'utf8').startsWith(start)).length
}
`

const (
	answered = "worker 1, engines: 1\n"
	// again loads register two times more, of which one is a copy, as another version is.
	again = "require('nodecluster/register')\nrequire('./copy/register.cjs')\n" + app
	// inThread has the primary in a thread.
	inThread = "const threads = require('worker_threads')\n" +
		"if (threads.isMainThread && require('cluster').isPrimary) new threads.Worker(__filename)\nelse run()\nfunction run() {" + app + "}\n"
	// forked has the primary in a process that another one has forked.
	forked = "require('child_process').fork('./app.js')\n"
	// types is for TypeScript, which has to find a fault in badTypes.
	types    = "import 'nodecluster/register'\nimport { find } from 'nodecluster/binary'\nexport const path: string = find()\n"
	badTypes = "import { find } from 'nodecluster/binary'\nexport const path: number = find()\n"
)

// testInstalled installs the packages as users do, and uses them.
func testInstalled(t *testing.T, made packed) {
	clients := npmClients(t)
	local := startRegistry(t, testVersion, made.npm, made.platform)
	newest := nodetest.Node(t, 26)
	t.Run("npm from files", func(t *testing.T) {
		folder, program := project(t), fetchPM2(t)
		install(t, folder, local, "npm", "install", "--offline", "--no-audit", "--no-fund", made.npm, made.platform)
		for _, node := range []nodetest.Runtime{nodetest.Node(t, 18), newest} {
			t.Run(node.Name, func(t *testing.T) { expectUse(t, node, folder) })
			t.Run("PM2 on "+node.Name, func(t *testing.T) { expectPM2(t, node, program, folder) })
		}
		t.Run("types", func(t *testing.T) { expectTypes(t, folder, filepath.Join(clients, "typescript", "bin", "tsc")) })
	})
	for _, c := range []struct {
		name, program, args string
		files               map[string]string
	}{
		{name: "npm", program: "npm", args: "install --no-audit --no-fund nodecluster"},
		{name: "pnpm", program: "pnpm/bin/pnpm.cjs", args: "add nodecluster"},
		{name: "yarn 1", program: "yarn/bin/yarn.js", args: "add nodecluster"},
		{name: "yarn 4", program: "@yarnpkg/cli-dist/bin/yarn.js", args: "add nodecluster",
			files: map[string]string{".yarnrc.yml": "nodeLinker: node-modules\n", "yarn.lock": ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := project(t)
			writeFiles(t, folder, c.files)
			local.takeGiven()
			install(t, folder, local, clientCommand(t, clients, c.program, c.args)...)
			if !strings.HasPrefix(c.name, "yarn") { // which fetches the packages of all platforms, and installs one
				expectGiven(t, local, made)
			}
			expect(t, with(t, newest, folder, []string{"NODE_OPTIONS=--require=nodecluster/register"}, "node", "app.js"), answered)
			expectVersion(t, with(t, newest, folder, nil, "node_modules/.bin/nodecluster", "version"))
		})
	}
	t.Run("yarn 4 without node_modules", func(t *testing.T) {
		folder := project(t)
		writeFiles(t, folder, map[string]string{".yarnrc.yml": "nodeLinker: pnp\n", "yarn.lock": ""})
		const yarn = "@yarnpkg/cli-dist/bin/yarn.js"
		install(t, folder, local, clientCommand(t, clients, yarn, "add nodecluster")...)
		expect(t, with(t, newest, folder, nil, "node", "--require", "./.pnp.cjs", "--require", "nodecluster/register", "app.js"), answered)
		version := clientCommand(t, clients, yarn, "nodecluster version")
		expectVersion(t, with(t, newest, folder, clientSettings(t, local), version[0], version[1:]...))
	})
}

// npmClients returns the node_modules of the clients that are not npm.
func npmClients(t *testing.T) (folder string) {
	t.Helper()
	var said bytes.Buffer
	cmd := exec.Command("scripts/npm-clients")
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("scripts/npm-clients: %v: %s", err, said.String())
	}
	return strings.TrimSpace(string(out))
}

// project returns a folder with programs that use nodecluster, and a package.json without packages.
func project(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	writeFiles(t, folder, map[string]string{
		"package.json": `{"name": "app", "version": "1.0.0", "private": true}`,
		"app.js":       app,
		"served.js":    served,
		"again.js":     again,
		"import.mjs":   "import 'nodecluster/register'\nimport './app.js'\n",
		"thread.js":    inThread,
		"forked.js":    forked,
		"types.mts":    types, "types.cts": types, "bad.mts": badTypes, "bad.cts": badTypes,
	})
	return folder
}

// clientCommand is the command line of a client: npm, or a file of the others.
func clientCommand(t *testing.T, clients, program, args string) []string {
	t.Helper()
	if program == "npm" {
		return append([]string{"npm"}, strings.Fields(args)...)
	}
	return append([]string{"node", filepath.Join(clients, program)}, strings.Fields(args)...)
}

// clientSettings are variables by which clients ask a registry alone, and keep what they fetch in a folder of the test.
func clientSettings(t *testing.T, r *registry) []string {
	t.Helper()
	home := t.TempDir()
	return []string{
		"HOME=" + home, "XDG_CACHE_HOME=" + home, "XDG_DATA_HOME=" + home, "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1", "CI=",
		"npm_config_registry=" + r.url, "npm_config_cache=" + home, "npm_config_store_dir=" + home, "npm_config_update_notifier=false",
		"YARN_NPM_REGISTRY_SERVER=" + r.url, "YARN_UNSAFE_HTTP_WHITELIST=127.0.0.1", "YARN_ENABLE_TELEMETRY=0", "YARN_NPM_MINIMAL_AGE_GATE=0",
	}
}

// install runs a client in a folder.
func install(t *testing.T, folder string, r *registry, command ...string) {
	t.Helper()
	got := run(t, with(t, nodetest.Default(t), folder, clientSettings(t, r), command[0], command[1:]...))
	if got.status != 0 {
		t.Fatalf("%s: %+v", strings.Join(command, " "), got)
	}
}

// expectGiven checks that a client has fetched the packages that this machine needs, and not those of others.
func expectGiven(t *testing.T, r *registry, made packed) {
	t.Helper()
	want := []string{filepath.Base(made.npm), filepath.Base(made.platform)} // in order, as takeGiven has them
	if got := r.takeGiven(); !slices.Equal(got, want) {
		t.Errorf("the client has fetched %q, want %q", got, want)
	}
}

// expectUse uses what is installed in a folder in every way that the README has.
func expectUse(t *testing.T, node nodetest.Runtime, folder string) {
	t.Helper()
	for _, how := range waysToRegister(node) {
		expect(t, with(t, node, folder, how.env, "node", append(how.args, "app.js")...), answered)
	}
	strictly := []string{"NODECLUSTER_STRICT=1", "NODECLUSTER_SCHED=least"}
	expect(t, with(t, node, folder, strictly, "node", "--require", "nodecluster/register", "app.js"), answered)
	if err := os.CopyFS(filepath.Join(folder, "copy"), os.DirFS(filepath.Join(folder, "node_modules", "nodecluster"))); err != nil && !os.IsExist(err) {
		t.Fatal(err)
	}
	expect(t, with(t, node, folder, nil, "node", "import.mjs"), answered)
	for _, file := range []string{"again.js", "thread.js", "forked.js"} {
		expect(t, with(t, node, folder, nil, "node", "--require", "nodecluster/register", file), answered)
	}
	expectVersion(t, with(t, node, folder, []string{"npm_config_update_notifier=false", "npm_config_offline=true"}, "npx", "nodecluster", "version"))
}

// expectVersion checks that a command is "nodecluster version" of the packages. npm may warn of the Node that it runs on.
func expectVersion(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	got := run(t, cmd)
	if got.status != 0 || !strings.HasPrefix(got.stdout, "nodecluster v"+testVersion+"\ncommit:   ") {
		t.Errorf("%s: %+v", strings.Join(cmd.Args, " "), got)
	}
}

// expectTypes has TypeScript check what uses the packages, by the exports of package.json and without them, as it did before it knew them.
func expectTypes(t *testing.T, folder, tsc string) {
	t.Helper()
	node := nodetest.Default(t)
	for _, module := range []string{"--module nodenext", "--module commonjs --moduleResolution node10"} {
		check := append([]string{tsc, "--noEmit", "--strict", "--skipDefaultLibCheck", "--noUncheckedSideEffectImports", "--pretty", "false"},
			strings.Fields(module)...)
		got := run(t, with(t, node, folder, nil, "node", append(check, "types.cts", "types.mts", "bad.cts", "bad.mts")...))
		const fault = "(2,14): error TS2322: Type 'string' is not assignable to type 'number'.\n"
		if want := "bad.cts" + fault + "bad.mts" + fault; got.stdout != want {
			t.Errorf("%s: %+v, want %q", module, got, want)
		}
	}
}
