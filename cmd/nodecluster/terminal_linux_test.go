package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"golang.org/x/sys/unix"
)

// openTerminal gives both ends of a new pseudo-terminal.
func openTerminal(t *testing.T) (keyboard, terminal *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	number, err := unlockTerminal(keyboard)
	if err == nil {
		terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	}
	if err != nil {
		keyboard.Close()
		t.Fatal(err)
	}
	return keyboard, terminal
}

func unlockTerminal(keyboard *os.File) (number int, err error) {
	raw, err := keyboard.SyscallConn()
	if err != nil {
		return 0, err
	}
	controlErr := raw.Control(func(fd uintptr) {
		if err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); err == nil {
			number, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
	})
	if controlErr != nil {
		return 0, controlErr
	}
	return number, err
}

// launchOnTerminal starts a command as the leader of a terminal's session. What it writes to its log is read from
// the terminal. Typing is writing to the keyboard.
func launchOnTerminal(t *testing.T, cmd *exec.Cmd) (p *program, keyboard *os.File) {
	t.Helper()
	nodetest.NoLeaks(t)
	keyboard, terminal := openTerminal(t)
	defer terminal.Close()
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setsid, cmd.SysProcAttr.Setctty = true, true
	cmd.Stdin, cmd.Stdout, cmd.Stderr = terminal, terminal, terminal
	p = launchCommand(t, cmd)
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer p.stderr.end()
		io.Copy(p.stderr, keyboard)
	}()
	t.Cleanup(func() {
		keyboard.Close()
		<-read
	})
	return p, keyboard
}

func press(t *testing.T, keyboard *os.File, key string) {
	t.Helper()
	if _, err := io.WriteString(keyboard, key); err != nil {
		t.Fatal(err)
	}
}

const (
	controlC = "\x03"
	controlZ = "\x1a"
)

func TestControlCLetsRequestsFinish(t *testing.T) {
	port := nodetest.FreePort(t)
	cmd := runCommand(t, portVariable(port), "-i", "1", "--kill-timeout", "1h", nodetest.Script(t, "slow.js", slowServer))
	expectGentleControlC(t, cmd, port)
}

func expectGentleControlC(t *testing.T, cmd *exec.Cmd, port int) {
	t.Helper()
	p, keyboard := launchOnTerminal(t, cmd)
	p.await("listening", 1)
	slow := begin(t, port)
	press(t, keyboard, controlC)
	awaitRefusal(t, port)
	if rest := slow.finish(); !strings.Contains(rest, "done") {
		t.Errorf("the rest of the answer is %q", rest)
	}
	p.expectStatus(0)
}

func TestWorkersReadNoTerminal(t *testing.T) {
	script := nodetest.Script(t, "copy.js", `
		process.stdin.on('end', () => { console.log('no input'); process.exit(); }).resume();`)
	p, _ := launchOnTerminal(t, runCommand(t, nil, "-i", "1", script))
	p.stderr.awaitText(t, "no input")
	p.expectStatus(0)
}
