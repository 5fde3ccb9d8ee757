package nodetest

import (
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
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
	NoLeaks(t)
	script := Script(t, "add.js", "console.log(1 + 1)")
	for _, cmd := range []*exec.Cmd{
		exec.Command(Deno(t).Path, "run", "--no-config", script),
		exec.Command(Bun(t).Path, "run", script),
	} {
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v: %v", cmd, err)
		}
		if string(out) != "2\n" {
			t.Errorf("%v printed %q, want 2", cmd, out)
		}
	}
}

func TestMissingRuntimeEndsTheTest(t *testing.T) {
	empty := t.TempDir()
	for _, test := range []struct {
		name string
		env  map[string]string
		get  func(testing.TB)
		want string
	}{
		{"not fetched", map[string]string{"NODECLUSTER_CACHE": empty}, func(tb testing.TB) { Nodes(tb) }, "run scripts/runtimes"},
		{"no apps", map[string]string{"NODECLUSTER_CACHE": empty}, func(tb testing.TB) { Apps(tb) }, "run scripts/runtimes"},
		{"no such Node", nil, func(tb testing.TB) { Node(tb, 17) }, "Node 17"},
		{"relative folder", map[string]string{"NODECLUSTER_CACHE": "here"}, func(tb testing.TB) { Bun(tb) }, "absolute"},
		{"no folder", map[string]string{"NODECLUSTER_CACHE": "", "XDG_CACHE_HOME": "", "HOME": ""}, func(tb testing.TB) { Deno(tb) }, "set NODECLUSTER_CACHE"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for name, value := range test.env {
				t.Setenv(name, value)
			}
			r := &recorder{}
			done := make(chan struct{})
			go func() {
				defer close(done)
				test.get(r)
			}()
			<-done
			if !strings.Contains(r.report(), test.want) || len(r.errors) != 1 {
				t.Errorf("reported %q, want one line with %q", r.errors, test.want)
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
