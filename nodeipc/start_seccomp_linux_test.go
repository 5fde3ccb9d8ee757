package nodeipc_test

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"golang.org/x/sys/unix"
)

// Some profiles of seccomp, and qemu, start no process together with a descriptor of it.
func TestStartWithoutPidFD(t *testing.T) {
	for _, errno := range []syscall.Errno{unix.EINVAL, unix.ENOSYS, unix.EPERM} {
		t.Run(unix.ErrnoName(errno), func(t *testing.T) {
			nodetest.UnderSeccomp(t, nodetest.WithoutPidFD(errno), func(t *testing.T) { testStartWithoutPidFD(t, errno) })
		})
	}
}

func testStartWithoutPidFD(t *testing.T, errno syscall.Errno) {
	nodetest.NoLeaks(t)
	refused := exec.Command("true")
	refused.SysProcAttr = &syscall.SysProcAttr{PidFD: new(int)}
	if err := refused.Run(); !errors.Is(err, errno) {
		t.Fatalf("the kernel starts a process with a descriptor: %v", err)
	}
	node := nodetest.Default(t)
	echo := startScript(t, node, `process.on('message', (m) => process.send(m, () => process.exit(3)));`)
	sendJSON(t, echo, `"hello"`)
	expectJSON(t, echo, `"hello"`)
	expectExit(t, echo, nodeipc.ExitStatus{Code: 3})

	waiting := startScript(t, node, `process.on('message', () => {}); process.send('ready');`)
	expectJSON(t, waiting, `"ready"`)
	if err := waiting.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	expectExit(t, waiting, nodeipc.ExitStatus{Code: -1, Signal: syscall.SIGTERM})
	if err := waiting.Signal(syscall.SIGKILL); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("a signal to a process id that may be another's by now: %v", err)
	}
	if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); err != syscall.ECHILD {
		t.Errorf("a child is left: %d, %v", pid, err)
	}
}
