// Package tracing is this module's own and promises nothing to others: it is what nodecluster trace and the processes of a traced
// program agree on. These are the files of the trace's folder, the variable by which a Go process finds it, how a child is started
// by way of the tracer, and how its parent tells of its end. Node processes do the same by a preload of the tracer's.
//
// # Who may set NODECLUSTER_TRACE
//
// A process that has the variable runs the program nodecluster of that folder in the place of each child that it starts with a
// channel. That program gets the child's arguments, environment, streams and rights, and sees the child's messages; where the
// process is root's, it runs as root before it becomes the child's user. So the variable is as much trusted as PATH or LD_PRELOAD
// are, or NODE_OPTIONS, by which Node processes find the trace: who sets a process's environment decides what it runs, and gains
// nothing by this variable. A program with more rights than the one who starts it, by sudo or a set-user-ID bit, must not take it
// over, and sudo does not. The folder must be writable by nobody but the user who traces: nodecluster trace makes it so. Its socket
// and its pipe are that user's too. Where that is root, whose program may give up its rights, the tracer listens at an abstract
// address as well. It takes a report of its own descendants only, and nothing is done with that but to show it.
package tracing

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"
)

// Variable names the folder of the trace that a process is a part of.
const Variable = "NODECLUSTER_TRACE"

// The files of a trace's folder.
const (
	Program = "nodecluster" // is to be run in the place of a child
	Socket  = "socket"      // is where those that become children report
	Exits   = "exits"       // is the named pipe in which their parents say how they have ended
)

// Command is the program's first argument when it is run in the place of a child. The others are the folder, the user and the group
// to become, "" for none, the child's program, and its own arguments from argv[0] on.
const Command = "trace-exec"

// ExitCommand is the program's first argument when a process that may not write to Exits has it tell of a child's exit. The others
// are the folder, the child's process id, its code and its signal, "" for none.
const ExitCommand = "trace-exit"

// Patience is how long after a child's exit its channel may end: what it had sent before is still on its way through the tracer
// then. A channel that the child has left to another process goes on.
const Patience = 2 * time.Second

// Folder is the path of a trace's folder, "" for none.
type Folder string

// Path returns the path of one of the folder's files.
func (f Folder) Path(name string) string { return filepath.Join(string(f), name) }

// Exit is how a child has ended.
type Exit struct {
	PID    int    `json:"pid"`
	Code   int    `json:"code"`
	Signal string `json:"signal"` // "" unless one ended it
}

// ExitReport is what a process reports that may not write to Exits.
type ExitReport struct {
	Exit *Exit `json:"exit,omitempty"`
}

// MaxExit is how many bytes a line of Exits has at most: every system lets one write put as many into a pipe whole.
const MaxExit = 512

// String is "exited with code 3" or "was ended by SIGKILL".
func (e Exit) String() string {
	if e.Signal != "" {
		return "was ended by " + e.Signal
	}
	return fmt.Sprintf("exited with code %d", e.Code)
}

// ParseExit reads a line of Exits.
func ParseExit(line []byte) (e Exit, err error) {
	if err := json.Unmarshal(line, &e); err != nil {
		return Exit{}, fmt.Errorf("an exit that makes no sense: %w", err)
	}
	return e, nil
}
