//go:build !linux || portable

package eventloop

var shortSleep func()
