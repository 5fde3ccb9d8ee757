//go:build unix

package egg_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// The program in the package's documentation is the one that TestExample runs.
func TestDocHasTheExample(t *testing.T) {
	doc, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var shown strings.Builder
	for line := range strings.Lines(doc.Doc.Text()) {
		if text, ok := strings.CutPrefix(line, "\t"); ok {
			shown.WriteString(text)
		}
	}
	source, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	if shown.Len() == 0 || !strings.HasSuffix(string(source), "\n\n"+shown.String()) {
		t.Errorf("doc.go shows\n%s\nand the example is\n%s", &shown, source)
	}
}

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
