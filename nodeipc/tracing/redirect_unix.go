//go:build unix

package tracing

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// Redirect has a command started by way of the tracer, if this process is a part of a trace, and returns the trace's folder: the
// tracer's program shows the command's channel to the tracer, and then becomes what the command was. What could not be started
// anyhow, or has no access to the tracer, stays as it is, and is no part of the trace. restore undoes it.
func Redirect(cmd *exec.Cmd) (f Folder, restore func()) {
	f = Folder(os.Getenv(Variable))
	before := *cmd
	restore = func() { cmd.Path, cmd.Args, cmd.SysProcAttr = before.Path, before.Args, before.SysProcAttr }
	program := f.Path(Program)
	if f == "" || cmd.Err != nil || !isExecutable(program) || !isExecutable(inFolder(cmd.Dir, cmd.Path)) {
		return "", restore
	}
	uid, gid, ok := handOverCredential(cmd)
	if !ok {
		return "", restore
	}
	args := cmd.Args
	if len(args) == 0 {
		args = []string{cmd.Path}
	}
	cmd.Args = append([]string{program, Command, string(f), uid, gid, cmd.Path}, args...)
	cmd.Path = program
	return f, restore
}

// handOverCredential leaves it to the tracer's program to become another user, who may not have access to it.
func handOverCredential(cmd *exec.Cmd) (uid, gid string, ok bool) {
	attr := cmd.SysProcAttr
	switch {
	case attr == nil:
		return "", "", true
	case attr.Chroot != "":
		return "", "", false // the tracer is not in there
	case attr.Credential == nil || os.Geteuid() != 0:
		return "", "", true
	case len(attr.Credential.Groups) > 0 || attr.Credential.NoSetGroups:
		return "", "", false
	}
	changed := *attr
	changed.Credential = nil
	cmd.SysProcAttr = &changed
	return strconv.Itoa(int(attr.Credential.Uid)), strconv.Itoa(int(attr.Credential.Gid)), true
}

func inFolder(folder, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(folder, path)
}

func isExecutable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && unix.Access(path, unix.X_OK) == nil
}
