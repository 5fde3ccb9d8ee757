package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// traceEvent is a line of a trace in JSON.
type traceEvent struct {
	Time          time.Time
	Event         string
	Channel, PID  int
	Parent        int
	Worker        string
	Serialization string
	Command       []string
	Direction     string
	Bytes         int
	Kind          string
	Message       any
	Text          string
	Truncated     bool
	Type          string
	Handles       []traceHandle
	LatencyMS     float64
	Partial       int
	Error         string
	Code          *int
	Signal        string
	Note          string
	Label         string
	Messages      int
	P50MS         float64
	P99MS         float64
	MaxMS         float64
}

type traceHandle struct {
	FD                     int
	Network, Local, Remote string
	Listening              bool
	Inode                  uint64
}

// scenario is a program of testdata/trace.
func scenario(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("testdata", "trace", name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// traceOf is the command line that traces a command, and reads the trace once that has ended.
func traceOf(t *testing.T, command ...string) (cmd *exec.Cmd, read func() []traceEvent) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "trace.json")
	cmd = exec.Command(binary, append([]string{"trace", "--format", "json", "--out", out, "--"}, command...)...)
	return cmd, func() []traceEvent {
		t.Helper()
		text, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		return traceIn(t, string(text))
	}
}

func traceIn(t *testing.T, text string) (events []traceEvent) {
	t.Helper()
	for line := range strings.Lines(text) {
		var e traceEvent
		if err := json.Unmarshal([]byte(line), &e); err != nil || !strings.HasSuffix(line, "\n") {
			t.Fatalf("a line of the trace is %q: %v", line, err)
		}
		if n := len(events); n > 0 && e.Event != "summary" && e.Time.Before(events[n-1].Time) {
			t.Errorf("a line is older than the one before: %s", line)
		}
		events = append(events, e)
	}
	return events
}

// sameWithTrace runs a command without a trace and with one, expects that it does the same, and gives the trace.
func sameWithTrace(t *testing.T, command ...string) []traceEvent {
	t.Helper()
	cmd, read := traceOf(t, command...)
	plain, traced := launchCommand(t, exec.Command(command[0], command[1:]...)), launchCommand(t, cmd)
	plain.wait()
	traced.wait()
	if got, want := traced.cmd.ProcessState.String(), plain.cmd.ProcessState.String(); got != want {
		t.Errorf("with a trace it ends with %s, without with %s", got, want)
	}
	if got, want := traced.stdout.String(), plain.stdout.String(); got != want || want == "" {
		t.Errorf("with a trace it prints\n%swithout\n%s", got, want)
	}
	if got, want := traced.stderr.String(), plain.stderr.String(); got != want {
		t.Errorf("with a trace it prints on standard error\n%swithout\n%s", got, want)
	}
	return read()
}

// inBoth runs f with each serialization.
func inBoth(t *testing.T, f func(t *testing.T, serialization string)) {
	for _, s := range []string{"json", "advanced"} {
		t.Run(s, func(t *testing.T) { f(t, s) })
	}
}

func count(events []traceEvent, is func(traceEvent) bool) (n int) {
	for _, e := range events {
		if is(e) {
			n++
		}
	}
	return n
}

// expectSound expects of any trace of unbroken channels that the ends of its handles meet: each has its descriptor and
// its timed ACK.
func expectSound(t *testing.T, events []traceEvent) {
	t.Helper()
	handles, acks := 0, 0
	for _, e := range events {
		switch {
		case e.Event == "note", e.Kind == "broken", e.Kind == "nack", e.Error != "":
			t.Errorf("the trace has %+v", e)
		case e.Kind == "handle":
			if handles++; len(e.Handles) != 1 || e.Type == "" {
				t.Errorf("a handle's message has %+v", e)
			}
		case e.Kind == "ack":
			if acks++; e.LatencyMS <= 0 {
				t.Errorf("an ACK has taken %v ms", e.LatencyMS)
			}
		case len(e.Handles) > 0:
			t.Errorf("a message without need of a handle has %+v", e)
		}
	}
	if handles != acks {
		t.Errorf("%d handles, %d ACKs", handles, acks)
	}
}

// field is one of an object's.
func field(object any, name string) any {
	fields, _ := object.(map[string]any)
	return fields[name]
}

func text(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

// exitsIn are the ends of the children in a trace, sorted.
func exitsIn(events []traceEvent) string {
	var exits []string
	for _, e := range events {
		switch {
		case e.Event != "exit":
		case e.Code != nil && e.Signal == "":
			exits = append(exits, "code "+strconv.Itoa(*e.Code))
		default:
			exits = append(exits, e.Signal)
		}
	}
	slices.Sort(exits)
	return strings.Join(exits, ", ")
}
