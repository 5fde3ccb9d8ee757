package pool

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// A process that has a higher score by itself keeps it, and what has ended is let be.
func TestHigherOOMScoreIsKept(t *testing.T) {
	nodetest.NoLeaks(t)
	cmd := exec.Command("sleep", "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := cmd.Process.Pid
	path := fmt.Sprintf("/proc/%d/oom_score_adj", pid)
	if err := os.WriteFile(path, []byte("999"), 0); err != nil {
		t.Fatal(err)
	}
	offerToOOMKiller(pid)
	got, err := os.ReadFile(path)
	if err != nil || strings.TrimSpace(string(got)) != "999" {
		t.Errorf("the score is %q, %v, want 999", got, err)
	}
	cmd.Process.Kill()
	cmd.Wait()
	offerToOOMKiller(pid)
}
