//go:build unix && !linux

package main

// keepFromWorkers makes all descriptors but the standard streams close-on-exec.
func keepFromWorkers() { closeOnExec("/dev/fd") }
