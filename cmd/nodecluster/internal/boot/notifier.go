package boot

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

const (
	// writeTimeout is how long systemd may take to make room for a notification.
	writeTimeout = time.Second
	// maxStatus is how many bytes a status has at most. A notification with more than 4096 is lost.
	maxStatus = 1000
	// beats is how often in WatchdogSec it is said that the program lives.
	beats = 3
)

const socketVariable = "NOTIFY_SOCKET"

// Notifier tells the service manager how the program is doing, as sd_notify does. One of a program that systemd has not started with Type=notify
// does nothing. Its methods may be called from any goroutine. Their errors are why a notification could not be sent, which is no reason to end.
type Notifier struct {
	socket   *net.UnixConn // nil if nobody listens
	address  string
	watchdog time.Duration // WatchdogSec, 0 if there is none
}

// NewNotifier makes the notifier of this process, and takes what it needs out of the environment, so that no worker speaks for the supervisor. It
// is called once, before anything is started. The caller must call [Notifier.Close]. With an error comes a notifier that does nothing.
func NewNotifier() (*Notifier, error) {
	address := os.Getenv(socketVariable)
	watchdog, err := daemon.SdWatchdogEnabled(true)
	os.Unsetenv(socketVariable)
	if address == "" {
		return &Notifier{}, nil
	}
	if err != nil {
		return &Notifier{}, fmt.Errorf("notify the service manager: the time of its watchdog: %w", err)
	}
	socket, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: address, Net: "unixgram"})
	if err != nil {
		return &Notifier{}, fmt.Errorf("notify the service manager: %w", err)
	}
	return &Notifier{socket, address, watchdog}, nil
}

// Listens reports whether a service manager listens. None does to a nil notifier.
func (n *Notifier) Listens() bool { return n != nil && n.socket != nil }

// Environ are the variables that NewNotifier has taken away, as "K=V", for a program that takes the place of this one in the same process.
func (n *Notifier) Environ() []string {
	if n.socket == nil {
		return nil
	}
	variables := []string{socketVariable + "=" + n.address}
	if n.watchdog > 0 {
		variables = append(variables, fmt.Sprintf("WATCHDOG_USEC=%d", n.watchdog.Microseconds()), fmt.Sprintf("WATCHDOG_PID=%d", os.Getpid()))
	}
	return variables
}

// Ready says that the application is up, or that a reload has ended.
func (n *Notifier) Ready() error { return n.send(daemon.SdNotifyReady) }

// Reloading says that a reload begins, which Ready ends.
func (n *Notifier) Reloading() error {
	return n.send(daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec())
}

// Stopping says that the application ends.
func (n *Notifier) Stopping() error { return n.send(daemon.SdNotifyStopping) }

// Extend asks for so much time from now on for the start, reload or stop that is under way, where the unit allows less: a stop takes as long as
// the workers may take to leave. When that time is over without another Extend, systemd goes on as if there had been none.
func (n *Notifier) Extend(by time.Duration) error {
	return n.send(fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d", by.Microseconds()))
}

// Status says in words how the application is doing, for systemctl status. It is one line of 1000 bytes at most.
func (n *Notifier) Status(text string) error {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > maxStatus {
		text = text[:maxStatus]
	}
	return n.send("STATUS=" + strings.ToValidUTF8(text, ""))
}

// Watchdog says that the program lives while alive reports that it does, until ctx ends. Without a WatchdogSec it returns at once. When alive
// reports that it does not live for longer than WatchdogSec, systemd ends the program with SIGABRT and starts it again. alive is called three
// times in that time, and has to answer within a third of it.
func (n *Notifier) Watchdog(ctx context.Context, alive func() bool) {
	if n.watchdog == 0 {
		return
	}
	beat := time.NewTicker(n.watchdog / beats)
	defer beat.Stop()
	for {
		if alive() {
			n.send(daemon.SdNotifyWatchdog) // one that is lost is sent again
		}
		select {
		case <-beat.C:
		case <-ctx.Done():
			return
		}
	}
}

func (n *Notifier) send(state string) error {
	if n.socket == nil {
		return nil
	}
	err := n.socket.SetWriteDeadline(time.Now().Add(writeTimeout))
	if err == nil {
		_, err = n.socket.Write([]byte(state))
	}
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("notify the service manager: %w", err)
	}
	return nil
}

// Close closes the socket. What is said later is not sent.
func (n *Notifier) Close() error {
	if n.socket == nil {
		return nil
	}
	if err := n.socket.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("notify the service manager: %w", err)
	}
	return nil
}
