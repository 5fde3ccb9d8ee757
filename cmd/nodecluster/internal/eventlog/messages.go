package eventlog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/utilinspect"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

const (
	// maxKinds is how many kinds of messages are shown because of one worker, and allKinds because of all.
	maxKinds = 16
	allKinds = 256
	// maxKind is how many bytes the name of a kind has.
	maxKind = 64
	// maxLooked is how long a message may be whose kind is looked for.
	maxLooked = 64 << 10
)

// kindProperties are those that libraries name the kind of a message with.
var kindProperties = []string{"type", "cmd", "event", "topic"}

// messages are what workers have sent, which nothing in this program takes.
type messages struct {
	kinds   map[string]bool         // that were shown
	of      map[*cluster.Worker]int // how many of them, because of a worker
	further repeats
}

// message shows the first message of each kind, and counts the others of each worker. The level debug shows all.
func (l *Log) message(e cluster.MessageEvent, now time.Time) {
	isNew, kind := l.messages.isNew(e)
	if isNew || l.level <= slog.LevelDebug {
		l.Write(aboutMessage(e, kind, isNew))
		return
	}
	key := fmt.Sprint(e.Worker.ID())
	l.messages.further.begin(key, now, func(n int) {
		text := fmt.Sprint("sent ", Plural(n, "further message", "further messages"))
		l.Write(about(e.Worker, "message", text, slog.Int("further", n)))
	})
	l.messages.further.add(key)
}

// isNew gives a message's kind, and reports whether it is to be shown.
func (m *messages) isNew(e cluster.MessageEvent) (isNew bool, kind string) {
	if m.of[e.Worker] >= maxKinds || len(m.kinds) >= allKinds {
		return false, ""
	}
	if m.kinds == nil {
		m.kinds, m.of = map[string]bool{}, map[*cluster.Worker]int{}
	}
	kind = kindOf(e.Message)
	if m.kinds[kind] {
		return false, kind
	}
	m.kinds[kind] = true
	m.of[e.Worker]++
	return true, kind
}

// end is for a worker that sends nothing more.
func (m *messages) end(w *cluster.Worker) {
	delete(m.of, w)
	m.further.end(fmt.Sprint(w.ID()))
}

func aboutMessage(e cluster.MessageEvent, kind string, isNew bool) Entry {
	shown := Inspect(e.Message)
	text := "sent a message: " + shown
	if e.Message.Handle != nil {
		text += ", with a handle, which is closed"
	}
	line := about(e.Worker, "message", text, slog.String("kind", kind), slog.String("message", shown))
	if !isNew {
		line.Level = slog.LevelDebug
	}
	return line
}

// Inspect is a message on one line that is not long.
func Inspect(m nodeipc.Message) string {
	payload := m.Payload()
	if !isClone(payload) {
		return utilinspect.JSON(payload)
	}
	if len(payload) <= maxLooked {
		if shown := utilinspect.Advanced(payload); shown != "" {
			return shown
		}
	}
	return fmt.Sprintf("[%d bytes]", len(payload))
}

// isClone reports whether a message is in the serialization advanced. No JSON begins as one does.
func isClone(payload []byte) bool { return len(payload) > 0 && payload[0] == 0xff }

// kindOf is what messages that differ in their data alone have in common: the property that libraries name the kind with, or else
// the names of all properties, or else the type.
func kindOf(m nodeipc.Message) string {
	payload := m.Payload()
	if len(payload) > maxLooked {
		return "long"
	}
	properties := propertiesOf(payload)
	if properties == nil {
		return typeOf(payload)
	}
	for _, name := range kindProperties {
		if shown, ok := properties[name]; ok {
			return cut(name + ": " + shown())
		}
	}
	return cut("{" + utilinspect.Printable(strings.Join(slices.Sorted(maps.Keys(properties)), ", ")) + "}")
}

// propertiesOf are an object's properties and how each is shown, nil if the message is no object.
func propertiesOf(payload []byte) map[string]func() string {
	properties := map[string]func() string{}
	if isClone(payload) {
		v, _ := structuredclone.Decode(payload)
		object, ok := v.(*structuredclone.Object)
		if !ok {
			return nil
		}
		for _, p := range object.Properties {
			properties[p.Key] = func() string { return utilinspect.Value(p.Value) }
		}
		return properties
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(payload, &object) != nil || object == nil {
		return nil
	}
	for key, value := range object {
		properties[key] = func() string { return utilinspect.JSON(value) }
	}
	return properties
}

// typeOf is the type of a message that is no object.
func typeOf(payload []byte) string {
	if isClone(payload) {
		v, _ := structuredclone.Decode(payload)
		return strings.TrimPrefix(fmt.Sprintf("%T", v), "*structuredclone.")
	}
	switch first := bytes.TrimSpace(payload); {
	case len(first) == 0:
		return "nothing"
	case first[0] == '"':
		return "string"
	case first[0] == '[':
		return "array"
	case first[0] == 'n':
		return "null"
	case first[0] == 't', first[0] == 'f':
		return "boolean"
	default:
		return "number"
	}
}

// cut is as much of a kind's name as is kept.
func cut(s string) string { return strings.ToValidUTF8(s[:min(len(s), maxKind)], "") }
