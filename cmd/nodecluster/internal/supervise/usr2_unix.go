//go:build unix

package supervise

import (
	"os"
	"os/signal"
	"syscall"
)

// notifyUSR2 has SIGUSR2 be sent to a channel.
func notifyUSR2(c chan<- os.Signal) { signal.Notify(c, syscall.SIGUSR2) }
