package control

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"net"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// fed are events that a test gives.
func fed(events <-chan Event) func(context.Context) iter.Seq[Event] {
	return func(ctx context.Context) iter.Seq[Event] {
		return func(yield func(Event) bool) {
			for {
				select {
				case <-ctx.Done():
					return
				case e := <-events:
					if !yield(e) {
						return
					}
				}
			}
		}
	}
}

func TestEventsComeInOrder(t *testing.T) {
	nodetest.NoLeaks(t)
	events := make(chan Event, 100)
	r := newRig(t, &testService{events: fed(events)}, ServerOptions{})
	all := r.Events(t.Context())
	numbered := func(n int) Event {
		return Event{Level: "INFO", Name: "fork", Text: "worker\n forked", Attributes: map[string]any{"worker": float64(n)}}
	}
	for n := range 100 {
		events <- numbered(n)
	}
	n := 0
	for e, err := range all {
		if err != nil {
			t.Fatal(err)
		}
		if want := numbered(n); !reflect.DeepEqual(e, want) {
			t.Fatalf("event %+v, want %+v", e, want)
		}
		if n++; n == 100 {
			break
		}
	}
}

// What happens after Events has returned is not missed: the service has been asked by then.
func TestEventsBeginWithTheCall(t *testing.T) {
	nodetest.NoLeaks(t)
	called := make(chan struct{})
	var asked atomic.Bool
	r := newRig(t, &testService{events: func(ctx context.Context) iter.Seq[Event] {
		called <- struct{}{}
		<-called
		asked.Store(true)
		return fed(nil)(ctx)
	}}, ServerOptions{})
	other := make(chan error)
	go func() {
		<-called
		var err error
		for range 20 { // in which the client would hear of an answer
			_, appErr := r.App(t.Context())
			err = errors.Join(err, appErr)
		}
		called <- struct{}{}
		other <- err
	}()
	ctx, cancel := context.WithCancel(t.Context())
	all := r.Events(ctx)
	if !asked.Load() {
		t.Error("Events has returned before the service was asked")
	}
	cancel()
	for e, err := range all {
		t.Errorf("event %+v (%v) after the context", e, err)
	}
	if err := <-other; err != nil {
		t.Error(err)
	}
}

func TestEventsEndWithTheServer(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newRig(t, &testService{}, ServerOptions{})
	all := r.Events(t.Context())
	if err := r.server.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range all {
		if n++; !errors.Is(err, ErrGone) {
			t.Errorf("error %v, want ErrGone", err)
		}
	}
	if n != 1 {
		t.Errorf("%d events, want the error", n)
	}
}

func TestEventsOfNoServer(t *testing.T) {
	nodetest.NoLeaks(t)
	refused := errors.New("refused")
	n := 0
	for _, err := range NewClient(func(context.Context) (net.Conn, error) { return nil, refused }).Events(t.Context()) {
		if n++; err != refused {
			t.Errorf("error %v, want what dial gave", err)
		}
	}
	if n != 1 {
		t.Errorf("%d events, want the error", n)
	}
}

func TestPanicOfEvents(t *testing.T) {
	nodetest.NoLeaks(t)
	log := &logged{}
	r := newRig(t, &testService{events: func(context.Context) iter.Seq[Event] {
		return func(yield func(Event) bool) {
			yield(Event{Name: "fork"})
			panic("oh no")
		}
	}}, ServerOptions{Log: log.logger()})
	var names []string
	for e, err := range r.Events(t.Context()) {
		names = append(names, e.Name)
		if e.Name == "" && !errors.Is(err, ErrGone) {
			t.Errorf("error %v", err)
		}
	}
	if got := fmt.Sprint(names); got != "[fork ]" || !strings.Contains(log.String(), "oh no") {
		t.Errorf("events %s, log %s", got, log)
	}
}

func TestHeartbeat(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newRig(t, &testService{}, ServerOptions{}, func(s *Server) { s.heartbeat = time.Millisecond })
	response, err := r.request(t.Context(), "GET", "/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	for want := 3; want > 0; {
		if !lines.Scan() {
			t.Fatalf("the stream ended: %v", lines.Err())
		}
		if lines.Text() == ":" {
			want--
		}
	}
}

// more is how many events of 8 KiB are more than the queue and the sockets hold.
const more = 400

func flood(yield func(Event) bool) {
	for n := range more {
		yield(Event{Name: "fork", Text: strings.Repeat("x", 8<<10), Attributes: map[string]any{"n": n}})
	}
}

// A reader that takes nothing loses events, is told how many, and does not hold the service up.
func TestSlowReaderLosesEvents(t *testing.T) {
	nodetest.NoLeaks(t)
	taken := make(chan struct{})
	r := newRig(t, &testService{events: func(ctx context.Context) iter.Seq[Event] {
		return func(yield func(Event) bool) {
			flood(yield)
			close(taken)
			<-ctx.Done()
		}
	}}, ServerOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	all := r.Events(ctx)
	<-taken // though nobody reads
	got, lost := 0, 0
	for e, err := range all {
		if err != nil {
			t.Fatal(err)
		}
		switch e.Name {
		case "fork":
			if n := int(e.Attributes["n"].(float64)); n != got+lost {
				t.Fatalf("event %d, want %d", n, got+lost)
			}
			got++
		case "dropped":
			n := int(e.Attributes["events"].(float64))
			lost += n
			if want := fmt.Sprint(n, " events were dropped"); !strings.Contains(e.Text, want) || e.Level != "WARN" {
				t.Errorf("the reader is told %+v, want %s", e, want)
			}
		}
		if got+lost == more {
			break
		}
	}
	if lost == 0 || got == 0 {
		t.Errorf("%d events came and %d were lost of %d", got, lost, more)
	}
}

func TestShutdownWithStoppedReader(t *testing.T) {
	nodetest.NoLeaks(t)
	full := make(chan struct{})
	r := newRig(t, &testService{events: func(ctx context.Context) iter.Seq[Event] {
		return func(yield func(Event) bool) {
			flood(yield)
			close(full)
			<-ctx.Done()
		}
	}}, ServerOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r.Events(ctx)
	<-full
	late, stop := context.WithTimeout(t.Context(), nodetest.Patience)
	defer stop()
	if err := r.server.Shutdown(late); err != nil {
		t.Errorf("a reader that reads nothing kept the server: %v", err)
	}
}

func TestEventAttributes(t *testing.T) {
	content, err := json.Marshal(Event{Name: "exit", Level: "INFO", Attributes: map[string]any{
		"worker": 1, "a\"b": "x", "msg": "not the name", "bad": math.NaN(), "func": func() {},
	}})
	if err != nil {
		t.Fatal(err)
	}
	var got Event
	if err := json.Unmarshal(content, &got); err != nil {
		t.Fatal(err)
	}
	a := got.Attributes
	if got.Name != "exit" || a["worker"] != 1.0 || a["a\"b"] != "x" || a["bad"] != "NaN" || a["msg"] != nil {
		t.Errorf("%s is %+v", content, got)
	}
}

func TestReadEventsIsBounded(t *testing.T) {
	for name, endless := range map[string]io.Reader{
		"line":  &cycle{text: []byte("x")},
		"event": &cycle{text: []byte("data: x\n")},
	} {
		if err := readEvents(endless, func() {}, func(Event) bool { return true }); err != errLarge {
			t.Errorf("an endless %s gives %v", name, err)
		}
	}
}

// A cycle gives a text again and again.
type cycle struct {
	text []byte
	at   int
}

func (c *cycle) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = c.text[c.at]
		c.at = (c.at + 1) % len(c.text)
	}
	return len(p), nil
}

func FuzzReadEvents(f *testing.F) {
	for _, seed := range []string{
		"data: {\"msg\":\"fork\"}\n\n", ": hello\n\n:\n\n", "data:{\ndata:}\n\n", "event: x\r\nid: 1\r\ndata: {}\r\n\r\n", "data: {\"msg\":", "data\n\n",
		"data: {\"Msg\":\"x\",\"n\":1e400}\n\n",
	} {
		f.Add([]byte(seed))
	}
	read := func(content []byte) (events []Event, err error) {
		err = readEvents(bytes.NewReader(content), func() {}, func(e Event) bool {
			events = append(events, e)
			return true
		})
		return events, err
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		events, err := read(content)
		if err == nil {
			t.Fatal("the end of a stream is no error")
		}
		for _, e := range events {
			frame := frameOf(e)
			again, _ := read(frame)
			if len(again) != 1 || !bytes.Equal(frameOf(again[0]), frame) {
				t.Fatalf("%q comes as %+v", frame, again)
			}
		}
	})
}
