package nodetest

import (
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func TestEachNodeIsWhatItsNameSays(t *testing.T) {
	NoLeaks(t)
	EachNode(t, func(t *testing.T, node Runtime) {
		out, err := exec.Command(node.Path, "--version").Output()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(out), "v"+strconv.Itoa(node.Major)+".") {
			t.Errorf("%s is %s", node.Name, out)
		}
	})
}

func TestDenoAndBunRun(t *testing.T) {
	script := Script(t, "add.js", "console.log(1 + 1)")
	DenoAndBun(t, func(t *testing.T, r Runtime) {
		NoLeaks(t)
		args := []string{"run", script}
		if r.Name == "deno" {
			args = []string{"run", "--no-config", script}
		}
		cmd := exec.Command(r.Path, args...)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v: %v", cmd, err)
		}
		if string(out) != "2\n" {
			t.Errorf("%v printed %q, want 2", cmd, out)
		}
	})
}

// run gives what a test reports that calls f.
func run(f func(testing.TB)) *recorder {
	r := &recorder{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(r)
	}()
	<-done
	return r
}

func TestMissingRuntimeEndsTheTest(t *testing.T) {
	t.Setenv(allVariable, "1")
	empty := t.TempDir()
	for _, test := range []struct {
		name string
		env  map[string]string
		get  func(testing.TB)
		want string
	}{
		{"not fetched", map[string]string{"NODECLUSTER_CACHE": empty}, func(tb testing.TB) { Nodes(tb) }, "run scripts/runtimes node16: "},
		{"no default", map[string]string{"NODECLUSTER_CACHE": empty}, func(tb testing.TB) { Default(tb) }, "run scripts/runtimes node20: "},
		{"no apps", map[string]string{"NODECLUSTER_CACHE": empty}, func(tb testing.TB) { Apps(tb) }, "run scripts/runtimes apps: "},
		{"no such Node", nil, func(tb testing.TB) { Node(tb, 17) }, "Node 17"},
		{"relative folder", map[string]string{"NODECLUSTER_CACHE": "here"}, func(tb testing.TB) { Bun(tb) }, "absolute"},
		{"no folder", map[string]string{"NODECLUSTER_CACHE": "", "XDG_CACHE_HOME": "", "HOME": ""}, func(tb testing.TB) { Deno(tb) }, "set NODECLUSTER_CACHE"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for name, value := range test.env {
				t.Setenv(name, value)
			}
			r := run(test.get)
			if !strings.Contains(r.report(), test.want) || len(r.errors) != 1 {
				t.Errorf("reported %q, want one line with %q", r.errors, test.want)
			}
		})
	}
}

func names(runtimes []Runtime) (names []string) {
	for _, r := range runtimes {
		names = append(names, r.Name)
	}
	return names
}

func TestAllRuntimes(t *testing.T) {
	if !All() {
		t.Skip("needs every runtime: scripts/test --all has them")
	}
	t.Setenv(allVariable, ends)
	if got, want := names(Nodes(t)), []string{"node16", "node26"}; !slices.Equal(got, want) {
		t.Errorf("of the ends Nodes gives %q, want %q", got, want)
	}
	t.Setenv(allVariable, "1")
	if got, want := names(Nodes(t)), []string{"node16", "node18", "node20", "node22", "node24", "node26"}; !slices.Equal(got, want) {
		t.Errorf("Nodes gives %q, want %q", got, want)
	}
	if got := Default(t).Name; got != "node20" {
		t.Errorf("the default is %s, want node20", got)
	}
	var since []string
	t.Run("since", func(t *testing.T) {
		EachNodeSince(t, 20, func(t *testing.T, node Runtime) { since = append(since, node.Name) })
	})
	if want := []string{"node20", "node22", "node24", "node26"}; !slices.Equal(since, want) {
		t.Errorf("the Nodes since 20 are %q, want %q", since, want)
	}
	var edges []string
	OldestAndNewest(t, func(t *testing.T, node Runtime) { edges = append(edges, node.Name) })
	if want := []string{"node16", "node26"}; !slices.Equal(edges, want) {
		t.Errorf("the oldest and the newest are %q, want %q", edges, want)
	}
}

// The installed Node stands for all others, and whatever needs another runtime is skipped and says so.
func TestInstalledNodeAlone(t *testing.T) {
	t.Setenv(allVariable, "")
	t.Setenv("NODECLUSTER_CACHE", t.TempDir())
	node := installed(t)
	out, err := exec.Command(node.Path, "--version").Output()
	if err != nil || !strings.HasPrefix(string(out), "v"+strings.TrimPrefix(node.Name, "node")+".") {
		t.Errorf("%+v is %s, %v", node, out, err)
	}
	if got := Nodes(t); !slices.Equal(got, []Runtime{node}) || Default(t) != node {
		t.Errorf("the Nodes are %v and the default is %v, want %v alone", got, Default(t), node)
	}
	var each []Runtime
	OldestAndNewest(t, func(t *testing.T, node Runtime) { each = append(each, node) })
	if !slices.Equal(each, []Runtime{node}) {
		t.Errorf("the oldest and the newest are %v, want %v alone", each, node)
	}
	for _, major := range majors {
		r := run(func(tb testing.TB) {
			if got := Node(tb, major); got != node {
				t.Errorf("Node %d is %v", major, got)
			}
		})
		if skipped := len(r.skips) == 1; skipped != (major != node.Major) || len(r.errors) > 0 {
			t.Errorf("Node %d beside an installed %d: skipped %q, reported %q", major, node.Major, r.skips, r.errors)
		}
	}
	for name, get := range map[string]func(testing.TB) Runtime{"deno": Deno, "bun": Bun} {
		r := run(func(tb testing.TB) { t.Errorf("%s is %v", name, get(tb)) })
		if want := "needs " + name + ": scripts/test --all has it"; !slices.Equal(r.skips, []string{want}) || len(r.errors) > 0 {
			t.Errorf("without %s: skipped %q, reported %q, want %q skipped", name, r.skips, r.errors, want)
		}
	}
}

func TestFindNode(t *testing.T) {
	for name, test := range map[string]struct {
		script string // the node in PATH
		want   Runtime
		err    string
	}{
		"oldest":      {"#!/bin/sh\necho v16.20.2 /a/node", Runtime{"node16", "/a/node", 16}, ""},
		"newest":      {"#!/bin/sh\necho v26.0.0 '/with a space/node'", Runtime{"node26", "/with a space/node", 26}, ""},
		"too old":     {"#!/bin/sh\necho v15.14.0 /a/node", Runtime{}, "the node in PATH is v15.14.0: install a Node from 16 to 26"},
		"too new":     {"#!/bin/sh\necho v27.0.0 /a/node", Runtime{}, "the node in PATH is v27.0.0: install a Node from 16 to 26"},
		"no version":  {"#!/bin/sh\necho", Runtime{}, "the node in PATH is : install"},
		"cannot run":  {"#!/bin/sh\nexit 3", Runtime{}, "the node in PATH does not run (exit status 3): install"},
		"none at all": {"", Runtime{}, "no node in PATH: install a Node from 16 to 26"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			if test.script != "" {
				if err := os.WriteFile(filepath.Join(folder, "node"), []byte(test.script), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			t.Setenv("PATH", folder)
			got, err := findNode()
			if got != test.want || (err == nil) != (test.err == "") {
				t.Errorf("found %v, %v, want %v, %s", got, err, test.want, test.err)
			}
			if err != nil && !strings.HasPrefix(err.Error(), test.err) {
				t.Errorf("the error is %q, want %q", err, test.err)
			}
		})
	}
}

func TestCacheFolder(t *testing.T) {
	root := t.TempDir()
	for _, test := range []struct{ cache, xdg, home, want string }{
		{filepath.Join(root, "c"), filepath.Join(root, "x"), root, filepath.Join(root, "c")},
		{"", filepath.Join(root, "x"), root, filepath.Join(root, "x", "nodecluster")},
		{"", "", root, filepath.Join(root, ".cache", "nodecluster")},
	} {
		t.Setenv("NODECLUSTER_CACHE", test.cache)
		t.Setenv("XDG_CACHE_HOME", test.xdg)
		t.Setenv("HOME", test.home)
		if got, err := cacheFolder(); err != nil || got != test.want {
			t.Errorf("cacheFolder() = %q, %v, want %q", got, err, test.want)
		}
	}
}

func TestScript(t *testing.T) {
	path := Script(t, "a.mjs", "export {}")
	if got, err := os.ReadFile(path); err != nil || string(got) != "export {}" {
		t.Errorf("%s holds %q, %v", path, got, err)
	}
	if filepath.Base(path) != "a.mjs" || !filepath.IsAbs(path) {
		t.Errorf("path is %s", path)
	}
}

func TestFreePort(t *testing.T) {
	NoLeaks(t)
	seen := make(map[int]bool)
	for range 100 {
		port := FreePort(t)
		if seen[port] {
			t.Fatalf("port %d given twice", port)
		}
		seen[port] = true
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
	}
}

func TestOwnedBlockIsNotGivenAgain(t *testing.T) {
	NoLeaks(t)
	var other portBlock
	if err := other.claim((ownPorts.first - firstPort) / blockPorts); err != nil {
		t.Fatal(err)
	}
	defer other.owned.Close()
	if other.first == ownPorts.first {
		t.Errorf("the block from %d on was given twice", other.first)
	}
}

func TestPortInUseIsNotFree(t *testing.T) {
	NoLeaks(t)
	listen := map[string]func(address string) (io.Closer, error){
		"tcp": func(address string) (io.Closer, error) { return net.Listen("tcp", address) },
		"udp": func(address string) (io.Closer, error) { return net.ListenPacket("udp", address) },
	}
	for network, listen := range listen {
		port := FreePort(t)
		socket, err := listen(net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			t.Fatal(err)
		}
		defer socket.Close()
		if err := tryPort(port); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("a port in use for %s: tryPort gives %v, want EADDRINUSE", network, err)
		}
	}
}
