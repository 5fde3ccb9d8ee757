package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"
	"github.com/google/go-cmp/cmp"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"golang.org/x/sys/unix"
)

// screen is a program on a terminal whose screen is read.
type screen struct {
	*program
	keyboard *os.File
	emulator *vt.SafeEmulator
	drawn    chan struct{} // has a value when something has been drawn
	done     chan struct{} // closed when all is drawn that the program has written before its end
	before   unix.Termios
	owned    sync.WaitGroup
}

// launchOnScreen starts a command on a terminal of a size, as the leader of the terminal's session.
func launchOnScreen(t *testing.T, cmd *exec.Cmd, width, height int) *screen {
	t.Helper()
	nodetest.NoLeaks(t)
	keyboard, terminal := openTerminal(t)
	defer terminal.Close()
	s := &screen{keyboard: keyboard, emulator: vt.NewSafeEmulator(width, height), drawn: make(chan struct{}, 1), done: make(chan struct{})}
	s.setSize(t, width, height)
	s.before = s.attributes(t)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = terminal, terminal, terminal
	s.program = launchCommand(t, cmd)
	s.owned.Go(s.draw)
	s.owned.Go(func() { io.Copy(keyboard, s.emulator) })
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the screen:\n%s", s.text())
		}
		s.hangUp()
		s.emulator.InputPipe().(io.Closer).Close() // the emulator's own Close races with its Read
		s.owned.Wait()
	})
	return s
}

// draw draws what the program writes, until the terminal is closed.
func (s *screen) draw() {
	defer close(s.done)
	defer s.stderr.end()
	b := make([]byte, 4096)
	for {
		n, err := s.keyboard.Read(b)
		s.emulator.Write(b[:n])
		s.stderr.Write(b[:n])
		select {
		case s.drawn <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// hangUp closes the terminal.
func (s *screen) hangUp() { s.keyboard.Close() }

// stopOutput has the terminal take no more output, as Ctrl-S does.
func (s *screen) stopOutput() {
	s.t.Helper()
	onTerminal(s.t, s.openAgain(), func(fd int) error { return unix.IoctlSetInt(fd, unix.TCXONC, unix.TCOOFF) })
}

// fillOutput has the terminal be read no more, and have no room for output.
func (s *screen) fillOutput() {
	s.t.Helper()
	s.keyboard.SetReadDeadline(time.Now())
	<-s.done
	terminal := s.openAgain()
	onTerminal(s.t, s.keyboard, func(keyboard int) (err error) {
		const size = 4095 // of what the kernel keeps for who reads; it gets there from another buffer
		for unread := 0; unread < size && err == nil; unread, err = unix.IoctlGetInt(keyboard, unix.TIOCINQ) {
			onTerminal(s.t, terminal, fill)
		}
		return err
	})
	onTerminal(s.t, terminal, fill)
}

// fill writes to a terminal until that takes no more.
func fill(fd int) (err error) {
	for err == nil {
		_, err = unix.Write(fd, make([]byte, 4096))
	}
	if err == unix.EAGAIN {
		return nil
	}
	return err
}

// openAgain opens the terminal beside the program.
func (s *screen) openAgain() *os.File {
	s.t.Helper()
	terminal, err := os.OpenFile(terminalName(s.t, s.keyboard), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { terminal.Close() })
	return terminal
}

// resize gives the terminal another size, which the program is told of.
func (s *screen) resize(width, height int) {
	s.t.Helper()
	s.emulator.Resize(width, height)
	s.setSize(s.t, width, height)
}

func (s *screen) setSize(t *testing.T, width, height int) {
	t.Helper()
	onTerminal(t, s.keyboard, func(fd int) error {
		return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: uint16(height), Col: uint16(width)})
	})
}

// onTerminal does what needs the descriptor of a terminal, which stays one that does not block.
func onTerminal(t *testing.T, terminal *os.File, do func(fd int) error) {
	t.Helper()
	raw, err := terminal.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if controlErr := raw.Control(func(fd uintptr) { err = do(int(fd)) }); controlErr != nil || err != nil {
		t.Fatal(controlErr, err)
	}
}

// terminalName is the path of the terminal that belongs to a keyboard.
func terminalName(t *testing.T, keyboard *os.File) (path string) {
	t.Helper()
	onTerminal(t, keyboard, func(fd int) error {
		number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
		path = fmt.Sprintf("/dev/pts/%d", number)
		return err
	})
	return path
}

func (s *screen) attributes(t *testing.T) (a unix.Termios) {
	t.Helper()
	onTerminal(t, s.keyboard, func(fd int) error {
		read, err := unix.IoctlGetTermios(fd, unix.TCGETS)
		if err == nil {
			a = *read
		}
		return err
	})
	return a
}

// expectAsBefore checks that a program that has ended has left the terminal as it was.
func (s *screen) expectAsBefore() {
	s.t.Helper()
	s.await("what was there before", func(string) bool { return !s.emulator.IsAltScreen() && !s.emulator.CursorHidden() })
	if diff := cmp.Diff(s.before, s.attributes(s.t)); diff != "" {
		s.t.Errorf("the terminal is another than before (-before +after):\n%s", diff)
	}
}

// text is what the screen shows, without the spaces at the ends of lines.
func (s *screen) text() string {
	lines := strings.Split(ansi.Strip(s.emulator.Render()), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \r")
	}
	return strings.Join(lines, "\n")
}

// await waits until the screen is as wanted, which is named for the error.
func (s *screen) await(name string, wanted func(text string) bool) string {
	s.t.Helper()
	late := time.After(patience)
	for {
		text := s.text()
		if wanted(text) {
			return text
		}
		select {
		case <-s.drawn:
		case <-s.done:
			if text = s.text(); wanted(text) {
				return text
			}
			s.t.Fatalf("the program has ended, and the screen does not show %s", name)
		case <-late:
			s.t.Fatalf("the screen does not show %s", name)
		}
	}
}

// awaitText waits until the screen shows all the texts.
func (s *screen) awaitText(texts ...string) string {
	s.t.Helper()
	return s.await(strings.Join(texts, ", "), func(text string) bool {
		for _, want := range texts {
			if !strings.Contains(text, want) {
				return false
			}
		}
		return true
	})
}

func (s *screen) press(keys string) {
	s.t.Helper()
	press(s.t, s.keyboard, keys)
}
