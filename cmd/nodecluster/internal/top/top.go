// Package top is the terminal UI: the applications, the workers and the log of one of them, refreshed each second, with keys for what is done
// daily.
package top

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/term"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/table"
)

// Source is where applications are seen and changed.
type Source interface {
	// Apps are all applications, also those that are down.
	Apps(ctx context.Context) ([]control.App, error)
	// Client speaks to the supervisor of an application.
	Client(name string) (*control.Client, error)
	// Start starts an application that is stopped, as it was before, and returns when its workers are ready.
	Start(ctx context.Context, name string) error
	// Stop stops an application, which then stays stopped, and returns when it has ended.
	Stop(ctx context.Context, name string) error
	// Logs gives the last lines of an application's output, no more than a number, and those that come, until ctx ends. They are of one
	// instance, unless that is negative. Of an application that has printed nothing there are none yet.
	Logs(ctx context.Context, name string, instance, last int) iter.Seq2[Line, error]
}

// Line is a line of an application's log.
type Line struct {
	Time     time.Time // zero if it is not known
	Instance int       // whose worker has printed it, negative if none has
	Stderr   bool      // reports whether it was printed to standard error
	Text     string
}

// Options are what is drawn on, and what is selected first.
type Options struct {
	Input, Output *os.File // a terminal, both
	// App is the application that is selected first, the first of all if it is empty or does not exist.
	App string
}

var (
	// ErrNoTerminal is that the input or the output is no terminal.
	ErrNoTerminal = errors.New("top needs a terminal: nodecluster ls writes to files and pipes")
	// ErrNoScreen is that TERM names a terminal without a cursor that can be moved, or none.
	ErrNoScreen = errors.New("top draws on the whole screen: set TERM to the name of a terminal that can, such as xterm, or use nodecluster ls")
	// ErrLost is that the terminal is gone, or took no output when top was to end. It can be told of nothing then.
	ErrLost = errors.New("the terminal is gone")
)

// patience is how long a terminal may take for the last output.
const patience = 2 * time.Second

// framesPerSecond bounds how often the screen is drawn after keys and lines of a log.
const framesPerSecond = 20

// Run shows the UI until the user ends it, which is no error, SIGINT or SIGTERM arrive, which is none either, the terminal is lost or ctx
// ends. It blocks until then, and leaves the terminal as it was.
func Run(ctx context.Context, source Source, o Options) error {
	if err := usable(o); err != nil {
		return err
	}
	before, err := term.GetState(o.Input.Fd())
	if err != nil {
		return fmt.Errorf("read the state of the terminal: %w", err)
	}
	ctx, end := context.WithCancelCause(ctx)
	var owned sync.WaitGroup
	defer owned.Wait()
	defer end(nil)

	p := &program{ctx: ctx, end: end, messages: make(chan tea.Msg)}
	s := &session{ctx: ctx, source: source, owned: &owned, send: p.send, refresh: make(chan struct{}, 1)}
	s.suspend = func() error { return p.suspend(o.Input) }
	color := table.OptionsFor(o.Output).Color
	// The program gets no context: at the end of one it closes the terminal's reader while that reads.
	p.Program = tea.NewProgram(newModel(s, o.App, color), tea.WithoutSignalHandler(), tea.WithFPS(framesPerSecond),
		tea.WithInput(&input{o.Input, p.lose}), tea.WithOutput(o.Output), tea.WithColorProfile(profile(color)))
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	owned.Go(func() { p.heed(signals) })
	owned.Go(s.watch)
	if !p.run() {
		return errors.Join(ErrLost, term.Restore(o.Input.Fd(), before))
	}
	return p.result()
}

// usable says what is wrong with a terminal that cannot be drawn on, nil if nothing is.
func usable(o Options) error {
	if !term.IsTerminal(o.Input.Fd()) || !term.IsTerminal(o.Output.Fd()) {
		return ErrNoTerminal
	}
	if name := os.Getenv("TERM"); name == "dumb" || name == "" && needsTERM {
		return ErrNoScreen
	}
	return nil
}

// profile is that of a terminal with the 16 colours that are used. To ask the terminal or the environment for more is of no use.
func profile(color bool) colorprofile.Profile {
	if color {
		return colorprofile.ANSI
	}
	return colorprofile.ASCII
}
