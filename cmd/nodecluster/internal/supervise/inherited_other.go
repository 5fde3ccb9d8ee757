//go:build unix && !linux

package supervise

// KeepFromWorkers makes all descriptors but the standard streams close-on-exec.
func KeepFromWorkers() { closeOnExec("/dev/fd") }
