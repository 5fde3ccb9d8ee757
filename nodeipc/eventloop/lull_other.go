//go:build !linux || portable

package eventloop

const tellsOfReads = false

func (*poller) watchReads(int) error { return nil }

func (*poller) forgetReads() {}

func (*poller) awaitRead() {}
