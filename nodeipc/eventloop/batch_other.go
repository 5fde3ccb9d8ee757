//go:build !linux || portable

package eventloop

// lockBatchThread has no use where there is no SCHED_BATCH.
func lockBatchThread() (unlock func()) { return func() {} }
