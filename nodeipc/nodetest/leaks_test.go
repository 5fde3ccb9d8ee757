package nodetest

import (
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"
)

// recorder is a testing.TB that keeps what a test would report.
type recorder struct {
	testing.TB
	cleanups []func()
	errors   []string
	skips    []string
}

func (r *recorder) Helper()          {}
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }
func (r *recorder) report() string   { return strings.Join(r.errors, "\n") }
func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

// Fatalf ends the goroutine as that of a real test does.
func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

// Skipf ends the goroutine likewise.
func (r *recorder) Skipf(format string, args ...any) {
	r.skips = append(r.skips, fmt.Sprintf(format, args...))
	runtime.Goexit()
}

func (r *recorder) end() {
	for i := len(r.cleanups) - 1; i >= 0; i-- {
		r.cleanups[i]()
	}
}

func TestNoLeaksNoticesGoroutine(t *testing.T) {
	r := &recorder{}
	noLeaks(r, 50*time.Millisecond)
	waiting, release, gone := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		waitsForever(waiting, release)
	}()
	<-waiting // before it runs, its stack does not tell what it does
	r.end()
	close(release)
	<-gone
	if !strings.Contains(r.report(), "waitsForever") {
		t.Errorf("reported %q, want the stack with waitsForever in it", r.report())
	}
}

func waitsForever(waiting, release chan struct{}) {
	close(waiting)
	<-release
}

func TestWaitForNone(t *testing.T) {
	left := [][]string{{"a", "b"}, {"b"}, nil}
	got := waitForNone(time.Minute, func() []string {
		now := left[0]
		left = left[1:]
		return now
	})
	if got != nil || len(left) != 0 {
		t.Errorf("gave %q with %d lists not asked for, want nothing after three", got, len(left))
	}
	got = waitForNone(time.Millisecond, func() []string { return []string{"c"} })
	if len(got) != 1 || got[0] != "c" {
		t.Errorf("gave %q at the end of the time, want c", got)
	}
}

func TestNoLeaksPassesCleanTest(t *testing.T) {
	NoLeaks(t)
	if err := exec.Command(Default(t).Path, "--version").Run(); err != nil {
		t.Fatal(err)
	}
	FreePort(t)
}
