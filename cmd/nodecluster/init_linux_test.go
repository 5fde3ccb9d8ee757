package main

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// asProcess1 has a command be the first process of a PID namespace. It ends the test where that may not be.
func asProcess1(t *testing.T, cmd *exec.Cmd) *exec.Cmd {
	t.Helper()
	attr := func() *syscall.SysProcAttr {
		a := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}
		if os.Geteuid() != 0 {
			a.Cloneflags |= syscall.CLONE_NEWUSER
			a.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
			a.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
		}
		return a
	}
	try := exec.Command("true")
	try.SysProcAttr = attr()
	switch err := try.Run(); {
	case errors.Is(err, os.ErrPermission) && os.Geteuid() != 0:
		t.Skip("only root may make a PID namespace here: ", err)
	case err != nil:
		t.Fatalf("cannot make a PID namespace, which root needs CAP_SYS_ADMIN for: %v", err)
	}
	cmd.SysProcAttr = attr()
	return cmd
}

// primaryBelow is the pid, as it is out here, of the program that process 1 has started.
func primaryBelow(t *testing.T, p *program) int {
	t.Helper()
	for _, child := range childrenOf(p.cmd.Process.Pid) {
		if strings.Contains(commandLine(child), binary) {
			return child
		}
	}
	t.Fatal("process 1 has not started the program")
	return 0
}

func TestProcess1ForwardsSignals(t *testing.T) {
	for name, signal := range endSignals {
		t.Run(name, func(t *testing.T) {
			port := nodetest.FreePort(t)
			p := launchCommand(t, asProcess1(t, runCommand(t, portVariable(port), "-i", "1", app(t, "http.js"))))
			p.await("listening", 1)
			mustAsk(t, "tcp", localhost(port))
			p.signal(signal)
			p.expectStatus(0)
			p.expectNoStack()
		})
	}
}

func TestProcess1ExitsAsTheProgram(t *testing.T) {
	for line, status := range map[string]int{"version": 0, "run": 2, "run gone.js": 1} {
		t.Run(line, func(t *testing.T) {
			launchCommand(t, asProcess1(t, exec.Command(binary, strings.Fields(line)...))).expectStatus(status)
		})
	}
}

func TestProcess1OfAKilledProgram(t *testing.T) {
	p := launchCommand(t, asProcess1(t, runCommand(t, nil, "-i", "1", nodetest.Script(t, "loop.js", loop))))
	p.stdout.awaitText(t, "looping\n")
	if err := syscall.Kill(primaryBelow(t, p), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	p.expectStatus(128 + 9)
	if !strings.Contains(p.stderr.String(), "nodecluster: was ended by SIGKILL\n") {
		t.Error("process 1 does not say how the program ended")
	}
}

func TestProcess1ReapsOrphans(t *testing.T) {
	script := nodetest.Script(t, "orphan.js", `
		const {spawn} = require('child_process');
		spawn('sh', ['-c', 'sleep 3600 & echo left'], {stdio: 'inherit'});
		require('net').createServer().listen(0);`)
	p := launchCommand(t, asProcess1(t, runCommand(t, nil, "-i", "1", script)))
	p.await("listening", 1)
	p.stdout.awaitText(t, "left\n")
	primary := primaryBelow(t, p)
	var orphan int
	poll(t, "process 1 has the orphan", func() bool {
		for _, child := range childrenOf(p.cmd.Process.Pid) {
			if child != primary && strings.HasPrefix(commandLine(child), "sleep") {
				orphan = child
			}
		}
		return orphan != 0
	})
	if err := syscall.Kill(orphan, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	poll(t, "the orphan is reaped", func() bool {
		state, _ := processState(orphan)
		return state == ""
	})
	p.stop()
}

// TestControlCReachesTheProgramOnce, and not a second time by way of process 1, which would kill.
func TestControlCReachesTheProgramOnce(t *testing.T) {
	port := nodetest.FreePort(t)
	cmd := runCommand(t, portVariable(port), "-i", "1", "--kill-timeout", "1h", nodetest.Script(t, "slow.js", slowServer))
	expectGentleControlC(t, asProcess1(t, cmd), port)
}
