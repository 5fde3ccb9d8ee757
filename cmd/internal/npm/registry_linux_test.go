package main

import (
	"crypto/sha1"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// registry has packages for the clients of npm's registry.
type registry struct {
	url      string
	packages map[string][]byte // what it tells of a package, by name
	tarballs map[string]string // files, by the last element of their paths

	mu    sync.Mutex
	given []string // tarballs that clients have fetched
}

// startRegistry starts a registry on this machine, with packed files, and with the package.json of every platform: only the packages that
// are packed can be fetched.
func startRegistry(t *testing.T, version string, packed ...string) *registry {
	t.Helper()
	r := &registry{packages: map[string][]byte{}, tarballs: map[string]string{}}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.url = server.URL
	of, err := readTemplate()
	if err != nil {
		t.Fatal(err)
	}
	platforms, err := of.platforms("")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range platforms {
		folder := t.TempDir()
		if err := of.writePlatform(folder, p, version); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(folder, "package.json"))
		if err != nil {
			t.Fatal(err)
		}
		r.add(t, text, p.String()+"-"+version+".tgz", nil)
	}
	for _, file := range packed {
		tarball, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r.tarballs[filepath.Base(file)] = file
		r.add(t, packageJSON(t, file), filepath.Base(file), tarball)
	}
	return r
}

// packageJSON returns that of a packed file.
func packageJSON(t *testing.T, file string) []byte {
	t.Helper()
	text, err := exec.Command("tar", "-xOzf", file, "package/package.json").Output()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// add adds a package with one version.
func (r *registry) add(t *testing.T, text []byte, tarball string, content []byte) {
	t.Helper()
	var manifest map[string]any
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	name, version := manifest["name"].(string), manifest["version"].(string)
	long, short := sha512.Sum512(content), sha1.Sum(content)
	manifest["dist"] = map[string]any{
		"tarball":   r.url + "/tarballs/" + tarball,
		"integrity": "sha512-" + base64.StdEncoding.EncodeToString(long[:]),
		"shasum":    hex.EncodeToString(short[:]),
	}
	told, err := json.Marshal(map[string]any{
		"name": name, "dist-tags": map[string]string{"latest": version}, "versions": map[string]any{version: manifest},
	})
	if err != nil {
		t.Fatal(err)
	}
	r.packages[name] = told
}

func (r *registry) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if name, ok := strings.CutPrefix(request.URL.Path, "/tarballs/"); ok {
		r.mu.Lock()
		r.given = append(r.given, name)
		r.mu.Unlock()
		if file, ok := r.tarballs[name]; ok {
			http.ServeFile(w, request, file)
		} else {
			http.NotFound(w, request)
		}
		return
	}
	told, ok := r.packages[strings.TrimPrefix(request.URL.Path, "/")]
	if !ok {
		http.NotFound(w, request)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(told)
}

// takeGiven returns the tarballs that clients have fetched since the last call, in the order of their names.
func (r *registry) takeGiven() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	given := map[string]bool{}
	for _, name := range r.given {
		given[name] = true
	}
	r.given = nil
	return slices.Sorted(maps.Keys(given))
}
