package tracing

import "os/exec"

// Redirect leaves the command as it is: there are no traces here.
func Redirect(*exec.Cmd) (f Folder, restore func()) { return "", func() {} }

// TellExit tells nobody.
func (Folder) TellExit(Exit) {}
