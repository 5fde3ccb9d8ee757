package config

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
)

// interpreters are what PM2 runs files of other languages with.
var interpreters = map[string][]string{
	".sh": {"bash"}, ".py": {"python", "python3"}, ".rb": {"ruby"}, ".php": {"php"}, ".pl": {"perl"}, ".tsx": {"bun"},
	".coffee": {"coffee"}, ".ls": {"lsc"},
}

// completeProgram finds out what script is: a path, a program of PATH, or a command line.
func (a *application) completeProgram() error {
	base := a.d.folder
	if a.d.isPM2s {
		base = a.Cwd
	}
	script := a.Script
	a.Script = absolute(base, script)
	_, err := os.Stat(a.Script)
	switch {
	case err == nil:
	case strings.ContainsAny(script, " \t\n"):
		return a.completeCommand(script)
	case !strings.ContainsRune(script, filepath.Separator):
		if path, err := exec.LookPath(script); err == nil {
			a.Script = absolute(a.d.folder, path)
			break
		}
		fallthrough
	default:
		a.noteMissing(script)
	}
	if a.d.isPM2s {
		a.completeInterpreter()
	}
	return nil
}

// completeCommand has a shell run a command line.
func (a *application) completeCommand(line string) error {
	if a.Args != nil {
		return a.at("args").fail("args: script is a command line, so write them there")
	}
	for _, shell := range []string{"bash", "sh"} {
		if path, err := exec.LookPath(shell); err == nil {
			a.Script, a.Args, a.Node = absolute(a.d.folder, path), Words{"-c", line}, ""
			return nil
		}
	}
	return a.at("script").fail("script: it is a command line, and there is no bash and no sh on PATH to run it")
}

// noteMissing says that there is no script, and where there is one that may be meant.
func (a *application) noteMissing(script string) {
	if beside := filepath.Join(a.d.beside, script); a.d.isPM2s && !filepath.IsAbs(script) {
		if _, err := os.Stat(beside); err == nil {
			a.note("script", "is meant from the working directory, as in PM2: there is no %s, but %s: go to that folder, or set cwd", a.Script, beside)
			return
		}
	}
	a.note("script", "is not there: %s", a.Script)
}

// completeInterpreter decides what runs the script, as PM2 does: what interpreter says, or else by its ending, or else node for a text.
func (a *application) completeInterpreter() {
	extension := filepath.Ext(a.Script)
	isScript := slices.Contains(scripts, extension)
	switch programs := interpreters[extension]; {
	case a.Node == "none":
		a.Node = ""
		if isScript {
			a.note("interpreter", "is not taken over: node runs what ends in %s", extension)
		}
	case a.Node == "node" && isScript:
		a.Node = ""
	case a.Node != "" || isScript:
	case programs != nil:
		a.Node = programs[0]
		if _, err := exec.LookPath(programs[0]); err != nil {
			a.Node = programs[len(programs)-1]
		}
	case isNodeText(a.Script):
		a.Node = "node"
	}
	if strings.Contains(filepath.Base(a.Node), "python") && a.Env["PYTHONUNBUFFERED"] == "" {
		a.setEnv("PYTHONUNBUFFERED", "1")
	}
}

// isNodeText reports whether a file is a text that another program is not named in the first line of.
func isNodeText(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	begin, err := io.ReadAll(io.LimitReader(f, 512))
	if err != nil || bytes.IndexByte(begin, 0) >= 0 {
		return false
	}
	first, _, _ := bytes.Cut(begin, []byte("\n"))
	return !bytes.HasPrefix(first, []byte("#!")) || bytes.Contains(first, []byte("node"))
}

// completeUser has uid and gid of PM2 mean what they mean there: a user's group and home are taken too.
func (a *application) completeUser() error {
	if !a.d.isPM2s || a.UID == "" {
		return nil
	}
	who, err := user.Lookup(string(a.UID))
	if err != nil {
		if who, err = user.LookupId(string(a.UID)); err != nil {
			return a.at("uid").fail(fmt.Sprintf("uid: there is no user %s", a.UID))
		}
	}
	if a.GID == "" {
		a.GID = ID(who.Gid)
	}
	if a.Env["HOME"] == "" {
		a.setEnv("HOME", who.HomeDir)
	}
	return nil
}

// completeAsPM2 fills in what PM2 does unless it is told otherwise, and what is not so here.
func (a *application) completeAsPM2() error {
	if !a.d.isPM2s || a.Kind == "egg" {
		return nil
	}
	for _, d := range []struct {
		to    *string
		value string
	}{
		{(*string)(&a.Instances), "1"},
		{&a.Restart, "always"},
		{&a.StopSignal, "SIGINT"},
		{&a.InstanceVar, "NODE_APP_INSTANCE"},
	} {
		if *d.to == "" {
			*d.to = d.value
		}
	}
	return nil
}
