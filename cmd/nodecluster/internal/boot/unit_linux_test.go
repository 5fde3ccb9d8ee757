package boot

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// analyze has systemd look for faults in a unit, and in a socket unit for it, if there is one. It reads files alone, and starts nothing.
func analyze(t *testing.T, manager Manager, text, socket string) string {
	t.Helper()
	path, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("there is no systemd-analyze")
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, UnitName), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	unit := filepath.Join(folder, InstanceName("my-app.v2_x"))
	if socket != "" {
		unit = strings.TrimSuffix(unit, ".service") + ".socket"
		if err := os.WriteFile(unit, []byte(socket), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// The folders with systemd's own units follow.
	cmd := exec.Command(path, "--"+string(manager), "--man=no", "verify", unit)
	cmd.Env = append(os.Environ(), "SYSTEMD_UNIT_PATH="+folder+":", "XDG_RUNTIME_DIR="+folder)
	out, err := cmd.CombinedOutput()
	if err != nil && len(out) == 0 {
		t.Fatal(err)
	}
	return string(out)
}

// systemd finds no fault in the units, wherever the program is.
func TestUnitIsVerified(t *testing.T) {
	program := filepath.Join(t.TempDir(), "a b %i $HOME ${HOME} é")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, manager := range []Manager{SystemManager, UserManager} {
		u := Unit{Program: program, Home: `/var/lib/no de"cluster%i`, Path: "/usr/bin:/bin", Manager: manager}
		if said := analyze(t, manager, u.Text(), ""); said != "" {
			t.Errorf("%s: %s", manager, said)
		}
		if said := analyze(t, manager, strings.Replace(u.Text(), "WatchdogSec", "WatchdogSeconds", 1), ""); !strings.Contains(said, "WatchdogSeconds") {
			t.Errorf("a misspelt setting is not noticed: %q", said)
		}
		u.Program = "/nowhere/nodecluster"
		if said := analyze(t, manager, u.Text(), ""); !strings.Contains(said, "/nowhere/nodecluster") {
			t.Errorf("a program that is not there is not noticed: %q", said)
		}
	}
}

// systemd finds no fault in the socket unit of the documentation.
func TestSocketUnitIsVerified(t *testing.T) {
	page, err := os.ReadFile("../../docs/boot.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```ini\n")
	socket, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("the page has no unit")
	}
	u := Unit{Program: "/bin/true", Home: "/var/lib/nodecluster", Path: "/usr/bin:/bin", Manager: SystemManager}
	if said := analyze(t, SystemManager, u.Text(), socket); said != "" {
		t.Error(said)
	}
	if said := analyze(t, SystemManager, u.Text(), strings.Replace(socket, "ListenStream", "ListenStreams", 1)); !strings.Contains(said, "ListenStreams") {
		t.Errorf("a misspelt setting is not noticed: %q", said)
	}
}

// A plan is carried out in its order, until something fails, and says what that was.
func TestApply(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "a", "unit")
	p := Plan{
		Write: file, Text: "text", Commands: [][]string{{"cp", file, file + ".copy"}}, Remove: file,
		After: [][]string{{"test", "!", "-e", file}, {"sh", "-c", "echo refused >&2; exit 3"}, {"touch", file}},
	}
	err := p.Apply(context.Background())
	if err == nil || !strings.Contains(err.Error(), "exit status 3: refused") {
		t.Errorf("the error is %v", err)
	}
	left, err := filepath.Glob(filepath.Join(folder, "a", "*"))
	if err != nil || !slices.Equal(left, []string{file + ".copy"}) {
		t.Errorf("left are %q, %v", left, err)
	}
}
