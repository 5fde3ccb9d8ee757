//go:build !linux || portable

package nodeipc

func (c *Child) watchExit() {
	c.reaper.Add(1)
	go c.reap()
}
