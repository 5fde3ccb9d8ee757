package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"
)

// output is what a program has written, for which a test can wait.
type output struct {
	mu      sync.Mutex
	written bytes.Buffer
	ended   bool
	changed chan struct{}
}

func newOutput() *output { return &output{changed: make(chan struct{})} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.written.Write(p)
	o.notify()
	return len(p), nil
}

func (o *output) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = true
	o.notify()
}

func (o *output) notify() {
	close(o.changed)
	o.changed = make(chan struct{})
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.written.String()
}

func (o *output) state() (text string, ended bool, changed <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.written.String(), o.ended, o.changed
}

// await waits until what was written is enough.
func (o *output) await(t *testing.T, what string, enough func(string) bool) {
	t.Helper()
	late := time.After(patience)
	for {
		text, ended, changed := o.state()
		if enough(text) {
			return
		}
		if ended {
			t.Fatalf("the program ended without %s", what)
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("no %s within %v", what, patience)
		}
	}
}

func (o *output) awaitText(t *testing.T, text string) {
	t.Helper()
	o.await(t, text, func(all string) bool { return strings.Contains(all, text) })
}

// event is a line of the JSON log.
type event struct {
	Time                  time.Time
	Level                 string
	Name                  string `json:"msg"`
	Worker                int
	PID                   int
	Address               string
	Port                  *int
	AddressType           string
	Code                  *int
	Signal                string
	ExitedAfterDisconnect *bool
	Error                 string
	Output                []string
	Kind, Message         string
	Further               int
	Instances             int
	Reason, Cause         string
	File                  string
	Instance              *int
	MaxOldSpaceSize       int
}

// eventsIn are the events among lines of which some are the workers' own.
func eventsIn(text string) []event {
	var events []event
	for line := range strings.Lines(text) {
		var e event
		if strings.HasSuffix(line, "\n") && json.Unmarshal([]byte(line), &e) == nil && e.Name != "" {
			events = append(events, e)
		}
	}
	return events
}
