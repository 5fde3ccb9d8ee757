//go:build unix

package nodeipc

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// traceVariable names the folder of the trace that this process is a part of: what nodecluster trace has Node processes
// do by a preload, a Go process does by itself.
const traceVariable = "NODECLUSTER_TRACE"

// traced is the folder of the trace that a child is a part of, "" if there is none.
type traced string

// throughTrace has a command started by way of nodecluster, which shows its channel to the tracer and then becomes what
// it was. What could not be started anyhow, or has no access to the tracer, stays as it is. restore undoes it.
func throughTrace(cmd *exec.Cmd) (t traced, restore func()) {
	folder := os.Getenv(traceVariable)
	before := *cmd
	restore = func() { cmd.Path, cmd.Args, cmd.SysProcAttr = before.Path, before.Args, before.SysProcAttr }
	tracer := filepath.Join(folder, "nodecluster")
	if folder == "" || cmd.Err != nil || !isExecutable(tracer) || !isExecutable(inFolder(cmd.Dir, cmd.Path)) {
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
	cmd.Args = append([]string{tracer, "trace-exec", folder, uid, gid, cmd.Path}, args...)
	cmd.Path = tracer
	return traced(folder), restore
}

// handOverCredential leaves it to nodecluster to become another user, who may not have access to it.
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

// tracePatience is how long after a child's exit its channel may end; one that it has left to another process goes on.
const tracePatience = 2 * time.Second

// awaitLastWords waits for the end of a channel whose child has ended: what that had sent before is still on its way
// through the tracer then.
func (t traced) awaitLastWords(done <-chan struct{}) {
	if t == "" {
		return
	}
	select {
	case <-done:
	case <-time.After(tracePatience):
	}
}

// exited has the tracer know how a child has ended. The line is in its pipe whole, or it is gone.
func (t traced) exited(pid int, s ExitStatus) {
	if t == "" {
		return
	}
	pipe, err := os.OpenFile(filepath.Join(string(t), "exits"), os.O_RDWR, 0)
	if err != nil {
		return
	}
	defer pipe.Close()
	fmt.Fprintf(pipe, "{\"pid\":%d,\"code\":%d,\"signal\":%q}\n", pid, s.Code, SignalName(s.Signal))
}
