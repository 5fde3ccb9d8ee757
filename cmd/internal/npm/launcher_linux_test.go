package main

import (
	"bufio"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// told is a program that does what its first argument says.
const told = `
const [what, ...rest] = process.argv.slice(2)
if (what === 'read') {
  console.log(JSON.stringify(rest))
  process.exitCode = 7
  process.stdin.pipe(process.stdout)
} else if (what === 'die') {
  process.kill(process.pid, 'SIGKILL')
} else {
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2']) process.on(signal, () => console.log(signal))
  process.on('SIGTERM', () => process.exit(5))
  setInterval(() => {}, 1000)
  console.log('ready')
}
`

// The launcher of the npm package is to the outside as the program itself.
func TestLauncher(t *testing.T) {
	folder := withoutProgram(t)
	addPlatform(t, folder, here(t), told)
	launcher := filepath.Join(folder, "node_modules", "nodecluster", "bin", "nodecluster")
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		read := with(t, node, folder, nil, launcher, "read", "--flag", "two words")
		read.Stdin = strings.NewReader("from stdin\n")
		want := ran{status: 7, stdout: `["--flag","two words"]` + "\nfrom stdin\n"}
		if got := run(t, read); got != want {
			t.Errorf("it reads and ends: %+v, want %+v", got, want)
		}
		dying := with(t, node, folder, nil, launcher, "die")
		if got := run(t, dying); dying.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Errorf("it is killed: %v, %+v", dying.ProcessState, got)
		}
		expectSignals(t, with(t, node, folder, nil, launcher, "wait"))
	})
}

// expectSignals checks that the program of a launcher gets what is sent to the launcher.
func expectSignals(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	// A launcher that ends too early leaves its program to the group.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	group := -cmd.Process.Pid
	kill := time.AfterFunc(nodetest.Patience, func() { syscall.Kill(group, syscall.SIGKILL) })
	defer kill.Stop()
	signals := []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTERM}
	names := []string{"ready", "SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2"}
	lines := bufio.NewScanner(stdout)
	for i, signal := range signals {
		if !lines.Scan() || lines.Text() != names[i] {
			syscall.Kill(group, syscall.SIGKILL)
			t.Errorf("the program prints %q, want %s: %v", lines.Text(), names[i], lines.Err())
			break
		}
		cmd.Process.Signal(signal)
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 5 {
		t.Errorf("the launcher ended with %v, want the program's status 5", err)
	}
}

func TestLauncherWithoutProgram(t *testing.T) {
	folder := withoutProgram(t)
	got := run(t, with(t, nodetest.Default(t), folder, nil, filepath.Join(folder, "node_modules", "nodecluster", "bin", "nodecluster")))
	want := ran{status: 1, stderr: "nodecluster: " + notInstalled(here(t)) + "\n"}
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// notInstalled is what is said where no platform's package is installed.
func notInstalled(p platform) string {
	return "the package @nodecluster/" + p.String() + " is not installed: " +
		"install without --no-optional and --omit=optional, and with a lock file that has this package"
}
