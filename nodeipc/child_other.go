//go:build !linux

package nodeipc

import "os/exec"

func preparePidFD(*exec.Cmd) {}

func closePidFD(*exec.Cmd) {}

func (c *Child) watchExit() {
	c.reaper.Add(1)
	go c.reap()
}
