package egg

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// findNode is the absolute path of node, since a program sees by which name it was started.
func findNode(name string) (string, error) {
	if name == "" {
		name = "node"
	}
	path, err := exec.LookPath(name)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return "", fmt.Errorf("node: %w", err)
	}
	if self, err := os.Executable(); err == nil && isSame(path, self) {
		return "", fmt.Errorf("node: %s is this program: have PATH lead to Node's own, or say where it is", path)
	}
	return path, nil
}

func isSame(a, b string) bool {
	x, err := os.Stat(a)
	y, err2 := os.Stat(b)
	return err == nil && err2 == nil && os.SameFile(x, y)
}

// nodeVersion is what node says of itself.
func (m *Master) nodeVersion(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, m.node, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("egg: %s --version: %w", m.node, err)
	}
	return strings.TrimSpace(string(out)), nil
}
