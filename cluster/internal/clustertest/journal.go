//go:build unix

package clustertest

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

const Patience = nodetest.Patience

func Patient(t testing.TB) context.Context { return nodetest.Context(t) }

// Occurrence is an event of a primary, Node's or ours, in one shape.
type Occurrence struct {
	Event                 string
	Worker                int
	ExitedAfterDisconnect bool
	Address               *cluster.Address
	Message               json.RawMessage
	Code                  int
	Signal                string

	Err error
}

func (o Occurrence) String() string {
	text := fmt.Sprintf("%s worker %d", o.Event, o.Worker)
	switch {
	case o.Address != nil:
		text += fmt.Sprintf(" %+v", *o.Address)
	case o.Err != nil:
		text += ": " + o.Err.Error()
	case o.Event == "message":
		text += " " + string(o.Message[:min(len(o.Message), 100)])
	case o.Event == "exit":
		text += fmt.Sprintf(" code %d signal %q", o.Code, o.Signal)
	}
	return text
}

// OccurrenceOf takes an event of ours. A handle that came with a message is closed.
func OccurrenceOf(t testing.TB, event cluster.Event) Occurrence {
	switch e := event.(type) {
	case cluster.SetupEvent:
		return Occurrence{Event: "setup"}
	case cluster.ForkEvent:
		return Occurrence{Event: "fork", Worker: e.Worker.ID()}
	case cluster.OnlineEvent:
		return Occurrence{Event: "online", Worker: e.Worker.ID()}
	case cluster.ListeningEvent:
		return Occurrence{Event: "listening", Worker: e.Worker.ID(), Address: &e.Address}
	case cluster.ListenErrorEvent:
		return Occurrence{Event: "listenError", Worker: e.Worker.ID(), Address: &e.Address, Err: e.Err}
	case cluster.ListenPendingEvent:
		return Occurrence{Event: "listenPending", Worker: e.Worker.ID(), Address: &e.Address}
	case cluster.BlockedEvent:
		return Occurrence{Event: "blocked", Worker: e.Worker.ID()}
	case cluster.UnblockedEvent:
		return Occurrence{Event: "unblocked", Worker: e.Worker.ID()}
	case cluster.MessageEvent:
		if e.Message.Handle != nil {
			e.Message.Handle.Close()
		}
		return Occurrence{Event: "message", Worker: e.Worker.ID(), Message: Text(e.Message)}
	case cluster.DisconnectEvent:
		return Occurrence{Event: "disconnect", Worker: e.Worker.ID(), ExitedAfterDisconnect: e.Worker.ExitedAfterDisconnect(), Err: e.Err}
	case cluster.ExitEvent:
		return exitOccurrence(e.Worker, e.Status)
	case cluster.ErrorEvent:
		o := Occurrence{Event: "error", Err: e.Err}
		if e.Worker != nil {
			o.Worker = e.Worker.ID()
		}
		return o
	}
	t.Errorf("an event of the unknown type %T", event)
	return Occurrence{}
}

func exitOccurrence(w *cluster.Worker, status nodeipc.ExitStatus) Occurrence {
	o := Occurrence{Event: "exit", Worker: w.ID(), ExitedAfterDisconnect: w.ExitedAfterDisconnect(), Code: status.Code}
	if status.Signal != 0 {
		o.Signal = nodeipc.SignalName(status.Signal)
	}
	return o
}

// Journal keeps all that has happened, for tests that wait for some of it.
type Journal struct {
	mu      sync.Mutex
	list    []Occurrence
	changed chan struct{}
}

func NewJournal() *Journal { return &Journal{changed: make(chan struct{})} }

func (j *Journal) add(o Occurrence) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.list = append(j.list, o)
	close(j.changed)
	j.changed = make(chan struct{})
}

func (j *Journal) All() []Occurrence {
	list, _ := j.look()
	return list
}

// look gives all so far, which nobody changes, and what is closed when there is more.
func (j *Journal) look() ([]Occurrence, <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clip(j.list), j.changed
}

// Await waits for an occurrence that may have been before. It looks at each once, because journals become long.
func (j *Journal) Await(t testing.TB, what string, match func(Occurrence) bool) Occurrence {
	t.Helper()
	deadline := time.NewTimer(Patience)
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
			t.Fatalf("waited in vain for %s; there was\n%s", what, Lines(list))
		}
	}
}

// Event waits for an event of a worker's.
func (j *Journal) Event(t testing.TB, event string, worker int) Occurrence {
	t.Helper()
	return j.Await(t, fmt.Sprintf("%s of worker %d", event, worker), func(o Occurrence) bool {
		return o.Event == event && o.Worker == worker
	})
}

// Listening waits for the event of a server on a port.
func (j *Journal) Listening(t testing.TB, worker, port int) Occurrence {
	t.Helper()
	return j.Await(t, fmt.Sprintf("listening of worker %d on port %d", worker, port), func(o Occurrence) bool {
		return o.Event == "listening" && o.Worker == worker && o.Address.Port == port
	})
}

// Of lists what has happened to a worker, without its messages and without what Node has no event for.
func (j *Journal) Of(worker int) (list []Occurrence) {
	for _, o := range j.All() {
		if o.Worker == worker && o.Event != "message" && o.Event != "listenError" {
			list = append(list, o)
		}
	}
	return list
}

func Lines(list []Occurrence) string {
	var b strings.Builder
	for _, o := range list {
		fmt.Fprintln(&b, o)
	}
	return b.String()
}
