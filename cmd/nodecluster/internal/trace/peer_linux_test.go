package trace

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// pair is a connection of this process with itself.
func pair(t *testing.T) (ours, theirs *net.UnixConn) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	var ends [2]*net.UnixConn
	for i, fd := range fds {
		file := os.NewFile(uintptr(fd), "pair")
		conn, err := net.FileConn(file)
		if err != nil {
			t.Fatal(err)
		}
		file.Close()
		ends[i] = conn.(*net.UnixConn)
		t.Cleanup(func() { conn.Close() })
	}
	return ends[0], ends[1]
}

// What has come before the peer was looked up could be of another process that had its id.
func TestPeerHasToWait(t *testing.T) {
	ours, theirs := pair(t)
	theirs.Write([]byte("x"))
	if _, err := peerOf(ours); err == nil || !strings.Contains(err.Error(), "before it is asked") {
		t.Errorf("what speaks at once has the error %v", err)
	}
}

// A report is of the process that has connected, under its own id.
func TestPeerReportsItself(t *testing.T) {
	ours, theirs := pair(t)
	p, err := peerOf(ours)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	if p.pid != os.Getpid() || p.parent != os.Getppid() || !p.isCalled(os.Getpid()) || p.isCalled(1) {
		t.Errorf("the peer is pid %d of parent %d, want %d of %d", p.pid, p.parent, os.Getpid(), os.Getppid())
	}
	fmt.Fprintln(theirs, `{"pid":1}`)
	if _, _, err := receive(ours, p); err == nil || !strings.Contains(err.Error(), "reports 0 descriptors") {
		t.Errorf("a report without a channel has the error %v", err)
	}
	if err := (&report{PID: 1}).check(p, []int{0, 1}); err == nil || !strings.Contains(err.Error(), "says that it is pid 1") {
		t.Errorf("a report of another process has the error %v", err)
	}

	// Another process that has got hold of the connection is not the peer.
	file, err := theirs.File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	shell := exec.Command("sh", "-c", "echo '{}' >&3")
	shell.ExtraFiles = []*os.File{file}
	if err := shell.Run(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := receive(ours, p); err == nil || !strings.Contains(err.Error(), "not what has connected") {
		t.Errorf("a report of another process has the error %v", err)
	}
}

// A process's folder is not that of a later one with its id.
func TestProcFolderOfAnEndedProcess(t *testing.T) {
	cat := exec.Command("cat")
	in, err := cat.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cat.Start(); err != nil {
		t.Fatal(err)
	}
	folder, err := openProcess(cat.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.close()
	if parent, err := folder.parent(); err != nil || parent != os.Getpid() {
		t.Errorf("its parent is %d, %v, want %d", parent, err, os.Getpid())
	}
	in.Close()
	if err := cat.Wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := folder.parent(); !errors.Is(err, errEnded) {
		t.Errorf("of an ended process there is the error %v", err)
	}
}
