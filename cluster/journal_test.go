//go:build unix

package cluster_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

const patience = nodetest.Patience

func patient(t testing.TB) context.Context { return nodetest.Context(t) }

// occurrence is an event of a primary, Node's or ours, in one shape.
type occurrence struct {
	Event                 string
	Worker                int
	ExitedAfterDisconnect bool
	Address               *cluster.Address
	Message               json.RawMessage
	Code                  int
	Signal                string

	err error
}

func (o occurrence) String() string {
	text := fmt.Sprintf("%s worker %d", o.Event, o.Worker)
	switch {
	case o.Address != nil:
		text += fmt.Sprintf(" %+v", *o.Address)
	case o.err != nil:
		text += ": " + o.err.Error()
	case o.Event == "message":
		text += " " + string(o.Message[:min(len(o.Message), 100)])
	case o.Event == "exit":
		text += fmt.Sprintf(" code %d signal %q", o.Code, o.Signal)
	}
	return text
}

// occurrenceOf takes an event of ours. A handle that came with a message is closed.
func occurrenceOf(t testing.TB, event cluster.Event) occurrence {
	switch e := event.(type) {
	case cluster.SetupEvent:
		return occurrence{Event: "setup"}
	case cluster.ForkEvent:
		return occurrence{Event: "fork", Worker: e.Worker.ID()}
	case cluster.OnlineEvent:
		return occurrence{Event: "online", Worker: e.Worker.ID()}
	case cluster.ListeningEvent:
		return occurrence{Event: "listening", Worker: e.Worker.ID(), Address: &e.Address}
	case cluster.MessageEvent:
		if e.Message.Handle != nil {
			e.Message.Handle.Close()
		}
		return occurrence{Event: "message", Worker: e.Worker.ID(), Message: text(e.Message)}
	case cluster.DisconnectEvent:
		return occurrence{Event: "disconnect", Worker: e.Worker.ID(), ExitedAfterDisconnect: e.Worker.ExitedAfterDisconnect()}
	case cluster.ExitEvent:
		return exitOccurrence(e.Worker, e.Status)
	case cluster.ErrorEvent:
		o := occurrence{Event: "error", err: e.Err}
		if e.Worker != nil {
			o.Worker = e.Worker.ID()
		}
		return o
	}
	t.Errorf("an event of the unknown type %T", event)
	return occurrence{}
}

func exitOccurrence(w *cluster.Worker, status nodeipc.ExitStatus) occurrence {
	o := occurrence{Event: "exit", Worker: w.ID(), ExitedAfterDisconnect: w.ExitedAfterDisconnect(), Code: status.Code}
	if status.Signal != 0 {
		o.Signal = nodeipc.SignalName(status.Signal)
	}
	return o
}

// journal keeps all that has happened, for whoever waits for some of it.
type journal struct {
	mu      sync.Mutex
	list    []occurrence
	changed chan struct{}
}

func newJournal() *journal { return &journal{changed: make(chan struct{})} }

func (j *journal) add(o occurrence) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.list = append(j.list, o)
	close(j.changed)
	j.changed = make(chan struct{})
}

func (j *journal) all() []occurrence {
	list, _ := j.look()
	return list
}

// look gives all so far, which nobody changes, and what is closed when there is more.
func (j *journal) look() ([]occurrence, <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clip(j.list), j.changed
}

// await waits for an occurrence that may have been before. It looks at each once, because journals become long.
func (j *journal) await(t testing.TB, what string, match func(occurrence) bool) occurrence {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for looked := 0; ; {
		list, changed := j.look()
		if i := slices.IndexFunc(list[looked:], match); i >= 0 {
			return list[looked+i]
		}
		looked = len(list)
		select {
		case <-changed:
		case <-deadline.C:
			t.Fatalf("waited in vain for %s; there was\n%s", what, lines(list))
		}
	}
}

// event waits for an event of a worker's.
func (j *journal) event(t testing.TB, event string, worker int) occurrence {
	t.Helper()
	return j.await(t, fmt.Sprintf("%s of worker %d", event, worker), func(o occurrence) bool {
		return o.Event == event && o.Worker == worker
	})
}

// listening waits for the event of a server on a port.
func (j *journal) listening(t testing.TB, worker, port int) occurrence {
	t.Helper()
	return j.await(t, fmt.Sprintf("listening of worker %d on port %d", worker, port), func(o occurrence) bool {
		return o.Event == "listening" && o.Worker == worker && o.Address.Port == port
	})
}

// of lists what has happened to a worker, without its messages.
func (j *journal) of(worker int) (list []occurrence) {
	for _, o := range j.all() {
		if o.Worker == worker && o.Event != "message" {
			list = append(list, o)
		}
	}
	return list
}

func lines(list []occurrence) string {
	var b strings.Builder
	for _, o := range list {
		fmt.Fprintln(&b, o)
	}
	return b.String()
}
