//go:build unix

package tracing

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// newFolder makes a folder as the tracer does, without anybody who traces, and makes it this process's.
func newFolder(t *testing.T) Folder {
	t.Helper()
	f := Folder(t.TempDir())
	writeExecutable(t, f.Path(Program))
	if err := unix.Mkfifo(f.Path(Exits), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(Variable, string(f))
	return f
}

func writeExecutable(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
}

func TestRedirect(t *testing.T) {
	f := newFolder(t)
	folder := t.TempDir()
	writeExecutable(t, filepath.Join(folder, "child"))
	program := f.Path(Program)
	for name, c := range map[string]struct {
		cmd  exec.Cmd
		args []string
	}{
		"with arguments": {exec.Cmd{Path: "/bin/sh", Args: []string{"shell", "-c", "x"}}, []string{"", "", "/bin/sh", "shell", "-c", "x"}},
		"without any":    {exec.Cmd{Path: "/bin/sh"}, []string{"", "", "/bin/sh", "/bin/sh"}},
		"in its folder":  {exec.Cmd{Path: "./child", Dir: folder, Args: []string{"child"}}, []string{"", "", "./child", "child"}},
	} {
		before := c.cmd
		traced, restore := Redirect(&c.cmd)
		want := append([]string{program, Command, string(f)}, c.args...)
		if traced != f || c.cmd.Path != program || !slices.Equal(c.cmd.Args, want) {
			t.Errorf("%s: the trace %q runs %s with %q, want %q", name, traced, c.cmd.Path, c.cmd.Args, want)
		}
		restore()
		if c.cmd.Path != before.Path || !slices.Equal(c.cmd.Args, before.Args) {
			t.Errorf("%s: restored to %s with %q", name, c.cmd.Path, c.cmd.Args)
		}
	}
}

func TestRedirectLeavesAsItIs(t *testing.T) {
	newFolder(t)
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, cmd := range map[string]*exec.Cmd{
		"that is not found":      exec.Command("no-such-program"),
		"that is not there":      {Path: filepath.Join(filepath.Dir(plain), "none")},
		"that is no program":     {Path: plain},
		"that is a folder":       {Path: filepath.Dir(plain)},
		"with another root":      {Path: "/bin/sh", SysProcAttr: &syscall.SysProcAttr{Chroot: "/"}},
		"of a broken exec.Cmd":   {Path: "/bin/sh", Err: errors.New("broken")},
		"of a trace without one": nil,
	} {
		if cmd == nil {
			t.Setenv(Variable, t.TempDir())
			cmd = &exec.Cmd{Path: "/bin/sh"}
		}
		path := cmd.Path
		if traced, _ := Redirect(cmd); traced != "" || cmd.Path != path || len(cmd.Args) > 1 {
			t.Errorf("a program %s is a part of the trace %q as %s %q", name, traced, cmd.Path, cmd.Args)
		}
		newFolder(t)
	}
	t.Setenv(Variable, "")
	cmd := &exec.Cmd{Path: "/bin/sh"}
	if traced, _ := Redirect(cmd); traced != "" || cmd.Path != "/bin/sh" {
		t.Errorf("without a trace, %s is a part of %q", cmd.Path, traced)
	}
}

func TestExits(t *testing.T) {
	f := newFolder(t)
	pipe, err := os.OpenFile(f.Path(Exits), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	told := []Exit{{PID: 1, Code: 3}, {PID: 2, Code: -1, Signal: "SIGKILL"}, {PID: 1 << 22, Signal: strings.Repeat("x", 100)}}
	for _, e := range told {
		f.TellExit(e)
	}
	lines := bufio.NewReaderSize(pipe, MaxExit)
	for _, want := range told {
		line, err := lines.ReadSlice('\n')
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParseExit(line); err != nil || got != want {
			t.Errorf("told %+v, and heard %+v, %v", want, got, err)
		}
	}
	if e, err := ParseExit([]byte("}\n")); err == nil {
		t.Errorf("a broken line is %+v", e)
	}
}

// Without a tracer there is nobody to tell, and nothing happens.
func TestTellExitToNobody(t *testing.T) {
	empty := Folder(t.TempDir())
	for _, f := range []Folder{"", empty, empty + "/none"} {
		f.TellExit(Exit{PID: 1})
	}
	entries, err := os.ReadDir(string(empty))
	if err != nil || len(entries) > 0 {
		t.Errorf("it has made %v, %v", entries, err)
	}
}

func TestExitString(t *testing.T) {
	for e, want := range map[Exit]string{{Code: 3}: "exited with code 3", {Signal: "SIGTERM"}: "was ended by SIGTERM"} {
		if e.String() != want {
			t.Errorf("%+v is %q, want %q", e, e, want)
		}
	}
}
