//go:build unix

package egg_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// TestExample has the program in the package's documentation serve an application.
func TestExample(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("EGG_HOME", folder)
	for path, text := range map[string]string{
		"package.json":             `{"name":"app"}`,
		"config/config.default.js": "exports.keys = 'secret';",
		"app/router.js":            "module.exports = app => app.get('/', ctx => { ctx.body = 'hello'; });",
	} {
		path = filepath.Join(folder, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(folder, "node_modules"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(nodetest.Eggs(t), "egg4"), filepath.Join(folder, "node_modules", "egg")); err != nil {
		t.Fatal(err)
	}
	port, ended := nodetest.FreePort(t), make(chan error, 1)
	go func() { ended <- run(folder, port) }()
	defer http.DefaultClient.CloseIdleConnections()
	if !clustertest.Eventually(func() bool {
		response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/", port))
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	}) {
		t.Error("the application does not answer")
	}
	syscall.Kill(os.Getpid(), syscall.SIGTERM)
	if err := nodetest.Receive(t, ended, "end of the master"); err != nil {
		t.Error(err)
	}
}
