//go:build unix && (!linux || portable)

package interpose

func keepDeathSignal() (restore func()) { return func() {} }
