//go:build unix

package egg

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// newFramework makes an application with a framework of its own, which has these files, and returns its folder.
func newFramework(t *testing.T, egg string, files map[string]string) string {
	t.Helper()
	app := t.TempDir()
	write(t, app, "package.json", `{"name":"app","egg":{"framework":"own"}}`)
	framework := filepath.Join(app, "node_modules", "own")
	write(t, framework, "package.json", `{"name":"own","dependencies":{"egg":"*"}}`)
	for path, text := range files {
		write(t, framework, path, text)
	}
	link(t, filepath.Join(nodetest.Eggs(t), egg), filepath.Join(app, "node_modules", "egg"))
	return app
}

// callFramework is CallFramework with some options, whose Node has arguments. log is what it has printed.
func callFramework(t *testing.T, app, options string, execArgv ...string) (text []byte, log string, err error) {
	t.Helper()
	var printed bytes.Buffer
	s := Settings{Node: nodetest.Default(t).Path, Stdout: &printed, Stderr: &printed, Log: &printed, ExecArgv: execArgv}
	text, err = CallFramework(nodetest.Context(t), []byte(options), OptionsFrom{Dir: app}, s)
	return text, printed.String(), err
}

const modern = `{"name":"own","type":"module","exports":"./index.mjs","dependencies":{"egg":"*"}}`

func TestCallFramework(t *testing.T) {
	given := `{"workers":1,"mine":[1,null]}`
	for _, c := range []struct {
		name  string
		files map[string]string
		adds  map[string]any // nil where the options stay as they are
		log   string
	}{
		{
			"its own", map[string]string{"index.js": `const egg = require('egg');
console.log('is loaded');
exports.startCluster = (options, callback) => egg.startCluster({ ...options, customEgg: __dirname, region: 'north', f() {} }, callback);`},
			map[string]any{"customEgg": "FRAMEWORK", "region": "north", "framework": "FRAMEWORK", "baseDir": "APP"}, "is loaded\n",
		},
		{
			"its own, later", map[string]string{"index.js": `const egg = require('egg');
exports.startCluster = async options => { await new Promise(setImmediate); options.workers = 3; await egg.startCluster(options); };`},
			map[string]any{"workers": 3.0, "framework": "FRAMEWORK", "baseDir": "APP"}, "",
		},
		{
			"with what the command line is", map[string]string{"index.js": `const egg = require('egg');
exports.startCluster = options => egg.startCluster({ ...options, argv: process.argv.length, same: process.argv[2] === JSON.stringify(options) });`},
			map[string]any{"argv": 3.0, "same": true, "framework": "FRAMEWORK", "baseDir": "APP"}, "",
		},
		{"Egg's", map[string]string{"index.js": `module.exports = { ...require('egg') };`}, nil, ""},
		{"none", map[string]string{"index.js": ``}, nil, ""},
		{
			"a master of its own", map[string]string{"index.js": `const { fork } = require('child_process');
exports.startCluster = () => { fork(__filename); };`},
			nil, "is not called, because it starts a master of its own: give what it adds to the options\n",
		},
		{"Egg's in an ES module", map[string]string{"package.json": modern, "index.mjs": `export { startCluster } from 'egg';`}, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachEgg(t, func(t *testing.T, egg string) {
				app := newFramework(t, egg, c.files)
				text, log, err := callFramework(t, app, given)
				if err != nil {
					t.Fatal(err)
				}
				if !strings.HasSuffix(log, c.log) || c.log == "" && log != "" {
					t.Errorf("it prints %q, want %q", log, c.log)
				}
				if c.adds == nil {
					if string(text) != given {
						t.Errorf("the options are %s", text)
					}
					return
				}
				want := map[string]any{"workers": 1.0, "mine": []any{1.0, nil}}
				for key, value := range c.adds {
					switch value {
					case "FRAMEWORK":
						value = filepath.Join(app, "node_modules", "own")
					case "APP":
						value = app
					}
					want[key] = value
				}
				var got map[string]any
				if err := json.Unmarshal(text, &got); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("the options (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestCallFrameworkOfModules has a function of its own in an ES module, whose Egg 4 is one too.
func TestCallFrameworkOfModules(t *testing.T) {
	files := map[string]string{"package.json": modern, "index.mjs": `import { startCluster as start } from 'egg';
export const startCluster = options => start({ ...options, region: 'north' });`}
	text, _, err := callFramework(t, newFramework(t, "egg3", files), "{}")
	if err != nil || !strings.Contains(string(text), `"region":"north"`) {
		t.Errorf("with Egg 3: %s, %v", text, err)
	}
	text, log, err := callFramework(t, newFramework(t, "egg4", files), "{}")
	if err != nil || string(text) != "{}" || !strings.Contains(log, "is not called, because it is an ES module") {
		t.Errorf("with Egg 4: %s, %v, and it prints %s", text, err, log)
	}
}

func TestCallFrameworkThatFails(t *testing.T) {
	for script, want := range map[string]string{
		`throw new Error('broken\nmore')`:                                  "egg: framework: FRAMEWORK: broken",
		`exports.startCluster = async () => { throw new Error('broken') }`: "egg: framework: FRAMEWORK: broken",
		`exports.startCluster = () => {}`:                                  "egg: framework: FRAMEWORK: its startCluster has ended without a call of Egg's",
		`exports.startCluster = () => process.exit(3)`:                     "egg: framework: FRAMEWORK: its startCluster: exit status 3",
		`exports.startCluster = () => require('egg').startCluster(1)`:      "egg: framework: FRAMEWORK: the options of its startCluster are no JSON object",
	} {
		app := newFramework(t, "egg3", map[string]string{"index.js": script})
		_, _, err := callFramework(t, app, "{}")
		want = strings.ReplaceAll(want, "FRAMEWORK", filepath.Join(app, "node_modules", "own"))
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", script, err, want)
		}
	}
}

// TestCallFrameworkThatHangs ends with its context.
func TestCallFrameworkThatHangs(t *testing.T) {
	app := newFramework(t, "egg3", map[string]string{"index.js": `exports.startCluster = () => { console.log('called'); setInterval(() => {}, 1000); };`})
	ctx, cancel := context.WithCancel(t.Context())
	s := Settings{Node: nodetest.Default(t).Path, Stdout: writerFunc(func([]byte) { cancel() })}
	if _, err := CallFramework(ctx, []byte("{}"), OptionsFrom{Dir: app}, s); err == nil || !strings.HasSuffix(err.Error(), context.Canceled.Error()) {
		t.Errorf("it ends with %v", err)
	}
}

type writerFunc func([]byte)

func (f writerFunc) Write(b []byte) (int, error) {
	f(b)
	return len(b), nil
}

// TestCallFrameworkDebugged leaves the inspector's port to the master and its workers.
func TestCallFrameworkDebugged(t *testing.T) {
	app := newFramework(t, "egg4", map[string]string{"index.js": `const egg = require('egg');
exports.startCluster = options => egg.startCluster({ ...options, execArgv: process.execArgv.slice(0, 1) });`})
	text, _, err := callFramework(t, app, "{}", "--no-deprecation", fmt.Sprint("--inspect=", nodetest.FreePort(t)))
	if err != nil || !strings.Contains(string(text), `"execArgv":["--no-deprecation"]`) {
		t.Errorf("%s, %v", text, err)
	}
}
