package config

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// eachNode runs a test with each Node as the node of PATH.
func eachNode(t *testing.T, test func(t *testing.T, node nodetest.Runtime)) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		bin := t.TempDir()
		if err := os.Symlink(node.Path, filepath.Join(bin, "node")); err != nil {
			t.Fatal(err)
		}
		t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
		test(t, node)
	})
}

// atOnce calls a function for each entry, all at once: most of the time goes to starting Node.
func atOnce[T any](entries map[string]T, do func(name string, entry T)) {
	var all sync.WaitGroup
	defer all.Wait()
	for name, entry := range entries {
		all.Go(func() { do(name, entry) })
	}
}

// ecosystems are files that say the same.
var ecosystems = map[string]string{
	"ecosystem.config.js":    `module.exports = { apps: [{ script: 'app.js', env: { FROM: process.env.FROM, GONE: undefined, N: 2 ** 31 } }] }`,
	"ecosystem.config.cjs":   `exports.apps = { script: 'app.js', env: { FROM: process.env.FROM, N: 2147483648n } }`,
	"default.config.mjs":     `export default { apps: [{ script: 'app.js', env: { FROM: process.env.FROM, N: '2147483648' } }] }`,
	"named.config.mjs":       `export const apps = [{ script: 'app.js', env: { FROM: process.env.FROM, N: 2147483648 } }]`,
	"one.config.js":          `module.exports = { script: 'app.js', env: { FROM: process.env.FROM, N: 2147483648 } }`,
	"list.config.js":         `module.exports = [{ script: 'app.js', env: { FROM: process.env.FROM, N: 2147483648 } }]`,
	"function.config.js":     `module.exports = async () => ({ apps: [{ script: 'app.js', env: { FROM: process.env.FROM, N: 2147483648 } }] })`,
	"module/esm.config.js":   `import { env } from 'process'; export default { apps: [{ script: 'app.js', env: { FROM: env.FROM, N: 2147483648 } }] }`,
	"awaits.config.mjs":      `const N = await Promise.resolve(2147483648); export default () => ({ script: 'app.js', env: { FROM: process.env.FROM, N } })`,
	"module/waits.config.js": `const N = await Promise.resolve(2147483648); export default { script: 'app.js', env: { FROM: process.env.FROM, N } }`,
	"compiled.config.js":     `Object.defineProperty(exports, '__esModule', { value: true }); exports.default = { script: 'app.js', env: { FROM: process.env.FROM, N: 2147483648 } }`,
	"prints.config.js": `console.log('{"config": {}}'); require('child_process').execSync('echo from a shell', { stdio: 'inherit' }); console.error('to stderr')
setInterval(() => {}, 1000)
module.exports = { script: 'app.js', env: { FROM: process.env.FROM, N: 2147483648 } }`,
	"requires.config.js": `module.exports = { script: 'app.js', env: { FROM: require('./module.cjs').from, N: 2147483648 } }`,
	"code.json":          `{ // PM2 runs it` + "\n" + ` apps: [{ script: 'app.js', env: { FROM: 'here', N: 2147483648, }, }], }`,
	"plain.json":         `{ "apps": [{ "script": "app.js", "env": { "FROM": "here", "N": 2147483648 } }] }`,
	"package.json":       `{ "name": "x", "version": "1.0.0", "pm2": [{ "script": "app.js", "env": { "FROM": "here", "N": 2147483648 } }] }`,
	"ecosystem.yml":      `apps: [{script: app.js, env: {FROM: here, N: 2147483648}}]`,
}

func TestEcosystemFiles(t *testing.T) {
	eachNode(t, func(t *testing.T, node nodetest.Runtime) {
		files := map[string]string{"app.js": "", "module/package.json": `{"type": "module"}`, "module.cjs": "exports.from = process.env.FROM"}
		for name, text := range ecosystems {
			files[name] = text
		}
		folder := inFolder(t, files)
		t.Setenv("FROM", "here")
		want := asPM2Has(folder, func(a *App) { a.Env = Env{"FROM": "here", "N": "2147483648"} })
		atOnce(ecosystems, func(name string, _ string) {
			var output bytes.Buffer
			apps, notes, err := Load(name, LoadOptions{Output: &output})
			if err != nil {
				t.Errorf("%v\n%s", err, excerptOf(err))
				return
			}
			if diff := cmp.Diff([]App{want}, apps); diff != "" || len(notes) > 0 {
				t.Errorf("%s: %q %s", name, notes, diff)
			}
			printed := ""
			if name == "prints.config.js" {
				printed = "{\"config\": {}}\nfrom a shell\nto stderr\n"
			}
			if output.String() != printed {
				t.Errorf("%s printed %q, want %q", name, &output, printed)
			}
		})
	})
}

// TestTypeScript: Nodes that read TypeScript do, and of others it is said.
func TestTypeScript(t *testing.T) {
	eachNode(t, func(t *testing.T, node nodetest.Runtime) {
		inFolder(t, map[string]string{
			"app.js":              "",
			"ecosystem.config.ts": "const n: number = 2\nmodule.exports = { apps: [{ script: 'app.js', instances: n }] }",
			"esm/package.json":    `{"type": "module"}`,
			"esm/a.config.ts":     "export default { apps: [{ script: 'app.js', instances: 2 as number }] }",
		})
		for _, name := range []string{"ecosystem.config.ts", "esm/a.config.ts"} {
			apps, _, err := Load(name, LoadOptions{})
			switch {
			case node.Major >= 22 && (err != nil || apps[0].Instances != "2"):
				t.Errorf("%s: %+v %v", name, apps, err)
			case node.Major < 22 && (err == nil || !strings.Contains(err.Error(), "does not read TypeScript: use Node 22.18 or later")):
				t.Errorf("%s: %v, want that Node does not read TypeScript", name, err)
			}
		}
	})
}

// faulty is a file that cannot be read, and part of the error.
type faulty struct{ text, want string }

// TestFaultyFiles: the error is the file's own, with its place.
func TestFaultyFiles(t *testing.T) {
	files := map[string]faulty{
		"syntax.config.js":   {"module.exports = {\n  apps: [}\n", "syntax.config.js:2:1: SyntaxError: Unexpected token '}'"},
		"syntax.config.mjs":  {"export default {\n  apps: [}\n", "SyntaxError: Unexpected token '}'"},
		"throws.config.js":   {"\n\nmissing.apps = []", "throws.config.js:3:1: ReferenceError: missing is not defined"},
		"later.config.js":    {"module.exports = async () => {\n  throw new Error('no secret')\n}", "later.config.js:2:9: Error: no secret"},
		"lines.config.js":    {"throw new Error('two\\nlines')", "Error: two"},
		"string.config.js":   {"throw 'up'", "string.config.js: it throws up"},
		"null.config.js":     {"throw null", "null.config.js: it throws null"},
		"requires.config.js": {"require('not-installed')", "Error: Cannot find module 'not-installed'"},
		"circle.config.js":   {"const a = { script: 'a.js' }; a.env = { A: a }; module.exports = a", "the configuration refers to itself"},
		"nothing.config.js":  {"", "there is no application in it"},
		"default.config.mjs": {"export default undefined", "there is no application in it"},
		"unknown.config.js":  {"module.exports = { apps: [{ script: 'a.js', instancez: 2 }] }", "unknown.config.js: there is no field instancez"},
		"number.config.js":   {"module.exports = 3", "number.config.js: an application has fields"},
		"exits.config.js":    {"process.exit(0)", "it has ended the process by which it was read"},
		"fails.config.js":    {"process.exit(3)", "node has failed: exit status 3"},
		"rejects.config.js":  {"Promise.reject(new TypeError('beside')); module.exports = new Promise(() => setInterval(() => {}, 1000))", "TypeError: beside"},
		"broken.json":        {`{"apps": [`, "SyntaxError"},
	}
	eachNode(t, func(t *testing.T, node nodetest.Runtime) {
		texts := map[string]string{}
		for name, f := range files {
			texts[name] = f.text
		}
		inFolder(t, texts)
		atOnce(files, func(name string, f faulty) {
			_, _, err := Load(name, LoadOptions{})
			if e := (*Error)(nil); !errors.As(err, &e) || !strings.Contains(err.Error(), f.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: %v, want %s\n%s", name, err, f.want, excerptOf(err))
			} else if strings.Contains(e.Excerpt, "[eval]") || strings.Contains(e.Excerpt, "node:internal") {
				t.Errorf("%s shows more than the file: %s", name, e.Excerpt)
			}
		})
	})
}

func TestCommonJSIsExpected(t *testing.T) {
	eachNode(t, func(t *testing.T, node nodetest.Runtime) {
		inFolder(t, map[string]string{"a.js": "", "esm.config.js": "export default { script: 'a.js' }"})
		apps, _, err := Load("esm.config.js", LoadOptions{})
		if node.Major < 20 && (err == nil || !strings.Contains(err.Error(), "name it .mjs")) {
			t.Errorf("%v, want what to do", err)
		}
		if node.Major >= 22 && (err != nil || apps[0].Name != "a") {
			t.Errorf("%v %v", apps, err)
		}
	})
}

func TestFileThatDoesNotEnd(t *testing.T) {
	nodetest.NoLeaks(t)
	inFolder(t, map[string]string{"endless.config.js": "for (;;);"})
	_, _, err := Load("endless.config.js", LoadOptions{Timeout: 300 * time.Millisecond})
	if err == nil || !strings.Contains(err.Error(), "it has not been read after 300ms: node was ended") {
		t.Errorf("%v", err)
	}
}

func TestNoNode(t *testing.T) {
	inFolder(t, map[string]string{"a.config.js": ""})
	t.Setenv("PATH", t.TempDir())
	if _, _, err := Load("a.config.js", LoadOptions{}); err == nil || !strings.Contains(err.Error(), "there is no node on PATH") {
		t.Errorf("%v", err)
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte("printed\nmark{\"config\":{\"script\":\"a.js\"}}mark\nlater"))
	f.Add([]byte("\nmark{\"error\":{\"message\":\"a\\nb\",\"stack\":\"at /f:1:2\"}}mark\n"))
	f.Add([]byte("\nmark"))
	f.Add([]byte("\nmark[[1,null,{}]]mark\n"))
	f.Fuzz(func(t *testing.T, output []byte) {
		said, printed, ok := cutAnswer(output, "mark")
		if ok && len(said)+len(printed)+len("\nmarkmark\n") != len(output) {
			t.Errorf("%q became %q and %q", output, said, printed)
		}
		d := &document{name: "f", folder: "/nowhere", beside: "/nowhere", isPM2s: true}
		root, err := d.readAnswer("/f", said)
		if err == nil {
			err = d.read(root)
		}
		if err != nil && strings.Contains(d.describe(err).Error(), "\n") {
			t.Errorf("an error of two lines: %q", err)
		}
	})
}
