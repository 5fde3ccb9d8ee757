package nodeipc

import "os/exec"

// traced is not possible here.
type traced string

func throughTrace(*exec.Cmd) (traced, func()) { return "", func() {} }

func (traced) awaitLastWords(<-chan struct{}) {}

func (traced) exited(int, ExitStatus) {}
