package probe

import "os/exec"

// killWithGroup leaves a command as it is: it alone is killed when it takes too long.
func killWithGroup(*exec.Cmd) {}
