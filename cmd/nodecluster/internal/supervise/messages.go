package supervise

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/eventlog"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

const (
	// processMessage is the type that PM2 gives data for a process, and what a process sends without a type.
	processMessage = "process:msg"
	// maxShown is how many bytes a message has at most that is passed on to those who follow messages.
	maxShown = 64 << 10
	// maxShownType is how many bytes its type has.
	maxShownType = 256
)

// pm2Data is what PM2's sendDataToProcessId sends.
type pm2Data struct {
	Type  string          `json:"type"`
	Topic string          `json:"topic"`
	Data  json.RawMessage `json:"data"`
	ID    int             `json:"id"`
}

// SendData sends data to workers that have a channel.
func (s *service) SendData(ctx context.Context, d control.Data) (sent control.Sent, err error) {
	switch {
	case d.Topic == "":
		return sent, invalid("the topic is empty: say in a word what the data are about")
	case d.Data == nil:
		return sent, invalid(`the field "data" is missing`)
	}
	workers, instances, err := s.workersOf(ctx, d.Instance)
	if err != nil {
		return sent, err
	}
	var failed []error
	for _, w := range workers {
		instance := instances[w]
		if err := w.Tell(pm2Data{processMessage, d.Topic, d.Data, instance}); err != nil {
			failed = append(failed, fmt.Errorf("instance %d was not sent it: %w", instance, err))
			continue
		}
		sent.Instances = append(sent.Instances, instance)
	}
	if len(failed) > 0 {
		return sent, &control.Error{Code: control.CodeFailed, Message: eventlog.OneLine(errors.Join(failed...))}
	}
	return sent, nil
}

// logReload is what PM2 sends workers for their own files, when logs are opened anew.
var logReload = struct {
	Type string `json:"type"`
}{"log:reload"}

// tellLogReload has workers know that logs are opened anew. One that does not read is passed over.
func (s *service) tellLogReload() {
	for _, w := range s.workers.Workers() {
		w.Tell(logReload)
	}
}

// Messages gives all that workers send. Those who follow slowly hold no worker back: the server drops what they do not take, and says so.
func (s *service) Messages(ctx context.Context) iter.Seq[control.Event] {
	messages := s.workers.Subscribe(cluster.MessageEvent{})
	messages.KeepAll()
	stop := context.AfterFunc(ctx, messages.Close)
	return func(yield func(control.Event) bool) {
		defer messages.Close()
		defer stop()
		var numbers instanceNumbers
		for event := range messages.Events(context.Background()) {
			e := event.(cluster.MessageEvent)
			if !yield(messageEvent(e.Worker, e.Message, numbers.of(ctx, s, e.Worker))) {
				return
			}
		}
	}
}

// instanceNumbers are those of workers, as they were found last.
type instanceNumbers struct{ known map[*cluster.Worker]int }

// of is a worker's number, -1 for one that has no place any more.
func (n *instanceNumbers) of(ctx context.Context, s *service, w *cluster.Worker) int {
	if number, ok := n.known[w]; ok {
		return number
	}
	instances, err := s.workers.Instances(ctx)
	if err != nil {
		return -1
	}
	n.known = map[*cluster.Worker]int{w: -1}
	for _, i := range instances {
		for _, known := range []*cluster.Worker{i.Worker, i.Successor} {
			if known != nil {
				n.known[known] = i.Number
			}
		}
	}
	return n.known[w]
}

// messageEvent is a message as an event, with what PM2's bus has of it.
func messageEvent(w *cluster.Worker, m nodeipc.Message, instance int) control.Event {
	about := map[string]any{"worker": w.ID(), "pid": w.Pid()}
	if instance >= 0 {
		about["instance"] = instance
	}
	payload := m.Payload()
	if len(payload) > maxShown {
		about["bytes"] = len(payload)
	} else {
		addContent(about, payload)
	}
	return control.Event{
		Time: time.Now(), Level: "INFO", Name: "message", Attributes: about,
		Text: fmt.Sprintf("worker %d (pid %d) sent a message: %s", w.ID(), w.Pid(), eventlog.Inspect(m)),
	}
}

// addContent adds a message's type and data, or the whole of one that has not both, as PM2's daemon tells them apart.
func addContent(about map[string]any, payload []byte) {
	properties, whole := contentOf(payload)
	var kind string
	if json.Unmarshal(properties["type"], &kind) == nil && kind != "" && len(kind) <= maxShownType && isTrue(properties["data"]) {
		about["type"], about["data"] = kind, properties["data"]
		return
	}
	about["type"] = processMessage
	if whole != nil {
		about["raw"] = whole
	}
}

// contentOf gives an object's properties type and data, and a message as a whole, in JSON; nil is for what JSON has nothing for.
func contentOf(payload []byte) (properties map[string]json.RawMessage, whole json.RawMessage) {
	if isReadable(payload) {
		if json.Unmarshal(payload, &properties) != nil {
			properties = nil // it is no object
		}
		return properties, payload
	}
	var parts map[string]structuredclone.RawMessage
	if structuredclone.Unmarshal(payload, &parts) == nil {
		properties = map[string]json.RawMessage{"type": asJSON(parts["type"]), "data": asJSON(parts["data"])}
	}
	return properties, asJSON(payload)
}

// asJSON is a message of the serialization advanced, nil if it is none or JSON has nothing for it.
func asJSON(message []byte) (text json.RawMessage) {
	if message == nil || structuredclone.Unmarshal(message, &text) != nil || !isReadable(text) {
		return nil
	}
	return text
}

// isReadable reports whether a text is JSON that encoding/json reads also within an event: it bounds numbers, and how deep values are nested.
func isReadable(text []byte) bool {
	var within any
	return json.Valid(text) && json.Unmarshal(slices.Concat([]byte("[["), text, []byte("]]")), &within) == nil
}

// isTrue reports whether JavaScript takes a value of JSON for true. None is undefined.
func isTrue(value json.RawMessage) bool {
	switch text := string(value); text {
	case "", "null", "false", `""`:
		return false
	default:
		number, err := strconv.ParseFloat(text, 64)
		return err != nil || number != 0
	}
}
