//go:build unix

package egg

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// parse reads options without what this machine's environment says.
func parse(t *testing.T, text string, variables map[string]string) *Options {
	t.Helper()
	o, err := ParseOptions([]byte(text), OptionsFrom{Getenv: func(name string) string { return variables[name] }})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func values(t *testing.T, o *Options) (v map[string]any) {
	t.Helper()
	if err := json.Unmarshal(o.text(), &v); err != nil {
		t.Fatalf("%s: %v", o.text(), err)
	}
	return v
}

func TestDefaultsOfTheReleases(t *testing.T) {
	want := map[string]map[string]any{
		"egg3": {"startMode": "process", "reusePort": false, "plugins": nil, "https": false, "ports": []any{}, "env": nil},
		"egg4": {"startMode": "process"},
	}
	eachEgg(t, func(t *testing.T, egg string) {
		app := newApp(t, egg, nil)
		o := parse(t, fmt.Sprintf(`{"title":"shop","baseDir":%q,"mine":{"a":[1, 2]},"port":"7002"}`, app), nil)
		w := want[egg]
		w["baseDir"], w["framework"], w["workers"] = app, filepath.Join(app, "node_modules", "egg"), float64(runtime.NumCPU())
		w["title"], w["port"], w["mine"] = "shop", float64(7002), map[string]any{"a": []any{1.0, 2.0}}
		ignored := cmpopts.IgnoreMapEntries(func(key string, _ any) bool { return key == "clusterPort" })
		if diff := cmp.Diff(w, values(t, o), ignored); diff != "" {
			t.Errorf("the options (-want +got):\n%s", diff)
		}
		if !strings.Contains(string(o.text()), `"title":"shop"`) || !strings.Contains(string(o.text()), `{"a":[1, 2]}`) {
			t.Errorf("egg-scripts looks for the title, and the rest stays as it is: %s", o.text())
		}
		if four := egg == "egg4"; o.release.four != four || o.release.check() != nil {
			t.Errorf("the release is %+v", o.release)
		}
	})
}

func TestProduction(t *testing.T) {
	app := newApp(t, "egg3", nil)
	for _, c := range []struct {
		env, server, node string
		want              bool
	}{
		{"", "", "", false}, {"", "", "production", true}, {"prod", "", "", true}, {"local", "", "production", false},
		{"unittest", "", "production", false}, {"", "prod", "", true}, {"", "local", "production", false}, {"local", "prod", "", false},
	} {
		o := parse(t, fmt.Sprintf(`{"baseDir":%q,"env":%q}`, app, c.env), map[string]string{"EGG_SERVER_ENV": c.server, "NODE_ENV": c.node})
		if o.production != c.want {
			t.Errorf("%+v: production is %t", c, o.production)
		}
	}
}

func TestPortsAreChosen(t *testing.T) {
	app := newApp(t, "egg4", nil)
	o := values(t, parse(t, fmt.Sprintf(`{"baseDir":%q,"sticky":true,"clusterPort":1}`, app), nil))
	cluster, sticky := o["clusterPort"].(float64), o["stickyWorkerPort"].(float64)
	if cluster <= 1 || sticky <= 1 || cluster == sticky {
		t.Errorf("the ports are %v and %v", cluster, sticky)
	}
}

func TestHTTPS(t *testing.T) {
	app := newApp(t, "egg3", map[string]string{"key.pem": "", "cert.pem": ""})
	key, cert := filepath.Join(app, "key.pem"), filepath.Join(app, "cert.pem")
	for _, text := range []string{
		fmt.Sprintf(`{"baseDir":%q,"https":{"key":%q,"cert":%q}}`, app, key, cert),
		fmt.Sprintf(`{"baseDir":%q,"https":true,"key":%q,"cert":%q}`, app, key, cert),
	} {
		o := parse(t, text, nil)
		want := map[string]any{"key": key, "cert": cert}
		if diff := cmp.Diff(want, values(t, o)["https"]); diff != "" || !o.https || o.port != 8443 {
			t.Errorf("%s: port %d, https (-want +got):\n%s", text, o.port, diff)
		}
	}
}

func TestRequireIsAList(t *testing.T) {
	app := newApp(t, "egg4", nil)
	o := parse(t, fmt.Sprintf(`{"baseDir":%q,"require":"./a.js"}`, app), nil)
	if diff := cmp.Diff([]any{"./a.js"}, values(t, o)["require"]); diff != "" {
		t.Error(diff)
	}
}

// TestFrameworkThroughLinks finds the workers of a framework whose packages are laid out as pnpm does it.
func TestFrameworkThroughLinks(t *testing.T) {
	eachEgg(t, func(t *testing.T, egg string) {
		app := t.TempDir()
		write(t, app, "package.json", `{"name":"app","egg":{"framework":"@shop/framework"}}`)
		store := filepath.Join(app, "node_modules", ".pnpm", "framework@1.0.0", "node_modules")
		write(t, store, "@shop/framework/package.json", `{"name":"@shop/framework","dependencies":{"a":"1","egg":"3"}}`)
		write(t, store, "a/package.json", `{"name":"a"}`)
		link(t, filepath.Join(nodetest.Eggs(t), egg), filepath.Join(store, "egg"))
		link(t, filepath.Join(store, "@shop", "framework"), filepath.Join(app, "node_modules", "@shop", "framework"))
		o := parse(t, fmt.Sprintf(`{"baseDir":%q}`, app), nil)
		if want := filepath.Join(app, "node_modules", "@shop", "framework"); values(t, o)["framework"] != want {
			t.Errorf("the framework is %v, want %s", values(t, o)["framework"], want)
		}
		if four := egg == "egg4"; o.release.four != four || o.framework.Name != "@shop/framework" {
			t.Errorf("the release is %+v, the framework %+v", o.release, o.framework)
		}
	})
}

func TestModules(t *testing.T) {
	app := newApp(t, "egg4", nil)
	o, err := ParseOptions(fmt.Appendf(nil, `{"baseDir":%q}`, app), OptionsFrom{Modules: true})
	if err != nil || !strings.HasSuffix(o.release.appScript(), filepath.FromSlash("dist/esm/app_worker.js")) {
		t.Errorf("the script is %v, %v", o, err)
	}
}

func TestOptionsThatAreWrong(t *testing.T) {
	app := newApp(t, "egg3", map[string]string{"bare/package.json": "{}", "broken/package.json": "{", "key.pem": ""})
	for text, want := range map[string]string{
		`[]`:                              "no JSON object",
		`{`:                               "the options: unexpected end",
		`{"startMode":"worker_threads"}`:  "startMode: worker_threads needs Node's own master",
		`{"startMode":"fork"}`:            `startMode: "fork" is not known`,
		`{"baseDir":"/nowhere"}`:          "baseDir: /nowhere/package.json: no such file",
		`{"baseDir":7}`:                   "baseDir: 7 is no text",
		`{"baseDir":"APP/broken"}`:        "baseDir: APP/broken/package.json: unexpected end",
		`{"framework":"gone"}`:            "framework: the package gone is not installed in APP",
		`{"framework":"/gone"}`:           "framework: stat /gone: no such file",
		`{"framework":"APP/bare"}`:        "",
		`{"workers":"many"}`:              `workers: "many" is no number from 1 to`,
		`{"workers":-1}`:                  "workers: -1 is no number",
		`{"port":70000}`:                  "port: 70000 is no number from 0 to 65535",
		`{"https":{}}`:                    "https.key: give the path",
		`{"https":"yes"}`:                 "https: give {key, cert, ca}",
		`{"https":{"key":"/gone"}}`:       "https.key: stat /gone: no such file",
		`{"https":{"key":"APP/key.pem"}}`: "https.cert: give the path",
	} {
		text = strings.ReplaceAll(text, "APP", app)
		_, err := ParseOptions([]byte(text), OptionsFrom{Dir: app, Getenv: func(string) string { return "" }})
		switch want = strings.ReplaceAll(want, "APP", app); {
		case want == "" && err != nil:
			t.Errorf("%s: %v", text, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n")):
			t.Errorf("%s: the error is %v, want %s", text, err, want)
		}
	}
}
