package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// hostile is an application whose instance 0 is not to be trusted.
type hostile struct {
	*manager
	client *control.Client
}

func newHostile(t *testing.T, serialization string) *hostile {
	t.Helper()
	m := newManager(t)
	m.do("start", programOfTests(t, "pm2-hostile.js"), "-n", "api", "-i", "2", "--serialization", serialization, "--env", fmt.Sprint("PORT=", nodetest.FreePort(t)))
	a, _ := m.stored("api")
	return &hostile{m, control.NewClient(a.Dial)}
}

func (h *hostile) send(instance int, topic string, data json.RawMessage) error {
	_, err := h.client.SendData(nodetest.Context(h.t), control.Data{Topic: topic, Data: data, Instance: &instance})
	return err
}

// expectAnswer asks a worker, waits until it has answered, and gives what came before, and how many messages were dropped. An answer may be
// among these, so that it asks again then.
func (h *hostile) expectAnswer(next func() map[string]any, instance int, topic string) (before []map[string]any, dropped int) {
	h.t.Helper()
	ask := func(topic string) {
		h.t.Helper()
		if err := h.send(instance, topic, json.RawMessage(`1`)); err != nil {
			h.t.Fatal(err)
		}
	}
	ask(topic)
	for {
		about := next()
		data, _ := about["data"].(map[string]any)
		if missed, ok := about["events"].(float64); ok {
			dropped += int(missed)
			ask("again")
			continue
		}
		if answer := data["answer"]; about["instance"] == float64(instance) && (answer == topic || answer == "again") {
			return before, dropped
		}
		before = append(before, about)
	}
}

// What stands in the fields of a worker's messages harms nobody who follows, and is passed on within bounds.
func TestHostileMessages(t *testing.T) {
	for _, serialization := range []string{"json", "advanced"} {
		t.Run(serialization, func(t *testing.T) {
			h := newHostile(t, serialization)
			next := h.followMessages("api")
			got, dropped := h.expectAnswer(next, 0, "attack")
			const values = 21
			if n := len(got) + dropped; n < values*values || n > values*values+values+1 {
				t.Errorf("%d messages came, and %d were dropped, of some %d", len(got), dropped, values*values+values)
			}
			for _, about := range got {
				kind, _ := about["type"].(string)
				text, err := json.Marshal(about)
				if err != nil || len(text) > 1<<20 || len(kind) > 256 || about["instance"] != 0.0 {
					t.Errorf("a message has %d bytes, %v: %.200s", len(text), err, text)
				}
			}
			h.expectAnswer(next, 1, "say")
			if app := h.app("api"); app.State != control.Online || app.Ready != 2 || app.Restarts != 0 {
				t.Errorf("then it is %s, with %d workers ready and %d restarts", app.State, app.Ready, app.Restarts)
			}
		})
	}
}

// One who follows and does not read is told what was missed, and holds nobody back.
func TestMessagesThatAreNotRead(t *testing.T) {
	h := newHostile(t, "json")
	ctx, cancel := context.WithCancel(nodetest.Context(t))
	defer cancel()
	unread := h.client.Messages(ctx)
	next := h.followMessages("api")
	h.expectAnswer(next, 0, "flood")
	h.expectAnswer(next, 1, "say")
	told := 0
	for event, err := range unread {
		if err != nil {
			t.Fatal(err)
		}
		if event.Name == "dropped" {
			missed, _ := event.Attributes["events"].(float64)
			told = int(missed)
			break
		}
	}
	if told == 0 {
		t.Error("it is not told how many messages were missed")
	}
}

// To a worker that does not read, what waits is bounded, and the others get what they are sent.
func TestSendDataToOneThatDoesNotRead(t *testing.T) {
	h := newHostile(t, "json")
	pid := h.pids("api")[0]
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer syscall.Kill(pid, syscall.SIGCONT)
	long := json.RawMessage(`"` + strings.Repeat("x", 1_000_000) + `"`)
	var refused *control.Error
	for n := 0; ; n++ {
		err := h.send(0, "say", long)
		if errors.As(err, &refused) {
			break
		}
		if err != nil || n == 1000 {
			t.Fatalf("after %d MB: %v", n, err)
		}
	}
	if !strings.Contains(refused.Message, "instance 0 was not sent it: ") || strings.Contains(refused.Message, "xxx") {
		t.Errorf("it is refused with %q", refused.Message)
	}
	h.expectAnswer(h.followMessages("api"), 1, "say")
}
