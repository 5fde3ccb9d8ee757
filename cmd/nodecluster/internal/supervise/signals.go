package supervise

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/stdio"
)

// signals are those that the program takes.
type signals struct {
	ends        chan os.Signal // ask for the end
	hangups     chan os.Signal
	reopens     chan os.Signal // ask for the logs to be opened anew
	hadTerminal bool
}

// catchSignals has signals taken until release is called.
func catchSignals() (s *signals, release func()) {
	s = &signals{ends: make(chan os.Signal, 2), hangups: make(chan os.Signal, 1), reopens: make(chan os.Signal, 1), hadTerminal: stdio.HasTerminal()}
	signal.Notify(s.ends, os.Interrupt, syscall.SIGTERM)
	// Under nohup, or behind a shell's &, these are ignored, and stay so.
	if !signal.Ignored(syscall.SIGQUIT) {
		signal.Notify(s.ends, syscall.SIGQUIT)
	}
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(s.hangups, syscall.SIGHUP)
	}
	return s, func() {
		signal.Stop(s.reopens)
		signal.Stop(s.ends)
		signal.Stop(s.hangups)
	}
}

// terminalIsGone reports whether the program was started at a terminal that has hung up.
func (s *signals) terminalIsGone() bool { return s.hadTerminal && !stdio.HasTerminal() }
