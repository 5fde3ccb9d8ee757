//go:build !linux

package eventloop

var shortSleep func()
