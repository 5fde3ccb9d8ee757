//go:build unix

package probe

import (
	"os/exec"
	"syscall"
)

// killWithGroup gives a command a process group of its own, and has all of that killed when it takes too long.
func killWithGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
