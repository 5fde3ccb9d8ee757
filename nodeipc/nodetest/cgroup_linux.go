package nodetest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A Cgroup is a control group of version 1 for each controller that it limits something of. It goes when the test ends, by when the
// processes in it must have ended.
type Cgroup struct {
	tb      testing.TB
	folders map[string]string // by controller
}

// NewCgroup makes a group with these files, such as "memory.limit_in_bytes": "512M", and for each further set of files one in the group
// before. The test is skipped where none can be made: that takes root, and a machine that has version 1.
func NewCgroup(tb testing.TB, files ...map[string]string) *Cgroup {
	tb.Helper()
	g := &Cgroup{tb, map[string]string{}}
	name := fmt.Sprintf("nodecluster-%d-%d", os.Getpid(), time.Now().UnixNano())
	for _, set := range files {
		for file := range set {
			controller, _, _ := strings.Cut(file, ".")
			if g.folders[controller] == "" {
				g.folders[controller] = filepath.Join("/sys/fs/cgroup", controller)
			}
		}
		for controller, folder := range g.folders {
			g.folders[controller] = filepath.Join(folder, name)
			g.make(g.folders[controller])
		}
		for file, content := range set {
			g.Write(file, content)
		}
	}
	return g
}

func (g *Cgroup) make(folder string) {
	g.tb.Helper()
	if err := os.Mkdir(folder, 0o755); err != nil {
		g.tb.Skipf("needs root and control groups of version 1: %v", err)
	}
	g.tb.Cleanup(func() {
		for late := time.Now().Add(Patience); ; time.Sleep(5 * time.Millisecond) {
			err := os.Remove(folder) // which no event says to be possible
			if err == nil {
				return
			}
			if !errors.Is(err, syscall.EBUSY) || time.Now().After(late) {
				g.tb.Errorf("nodetest: %v", err)
				return
			}
		}
	})
}

// Write changes a file of the innermost group. The test ends with a failure if the kernel refuses.
func (g *Cgroup) Write(file, content string) {
	g.tb.Helper()
	if err := os.WriteFile(g.path(file), []byte(content), 0); err != nil {
		g.tb.Fatalf("nodetest: %v", err)
	}
}

// Read gives what is in a file of the innermost group.
func (g *Cgroup) Read(file string) string {
	g.tb.Helper()
	content, err := os.ReadFile(g.path(file))
	if err != nil {
		g.tb.Fatalf("nodetest: %v", err)
	}
	return string(content)
}

func (g *Cgroup) path(file string) string {
	controller, _, _ := strings.Cut(file, ".")
	return filepath.Join(g.folders[controller], file)
}

// Contain has a command that is not started yet run in the innermost group, and all that it starts.
func (g *Cgroup) Contain(cmd *exec.Cmd) {
	args := []string{"sh", "-c", `while [ "$1" != -- ]; do echo $$ >"$1/cgroup.procs" || exit; shift; done; shift; exec "$@"`, "sh"}
	for _, folder := range g.folders {
		args = append(args, folder)
	}
	args = append(args, "--", cmd.Path)
	cmd.Path, cmd.Args = "/bin/sh", append(args, cmd.Args[1:]...)
}
