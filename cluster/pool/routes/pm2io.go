package routes

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// What is kept of a worker of @pm2/io.
const (
	maxPM2Metrics = 128
	maxPM2Actions = 128
	maxPM2Name    = 128       // bytes of a name, which is longer than that of no use
	maxPM2Text    = 64        // bytes of a value that is text, of a unit and of a type
	maxPM2Message = 64 << 10  // bytes of a message that is looked at
	maxPM2Reply   = 256 << 10 // bytes of a message with what an action has returned
)

// pm2Kinds are the types of the messages that the package sends to PM2. Exceptions and events are not among them: they are for people.
var pm2Kinds = map[string]bool{
	"axm:monitor": true, "axm:action": true, "axm:reply": true, "axm:option:configuration": true, "application:dependencies": true,
	"axm:scoped_action:stream": true, "axm:scoped_action:error": true, "axm:scoped_action:end": true,
}

// PM2Metric is what a worker measures, such as {Name: "Heap Usage", Value: 82.4, Unit: "%"}.
type PM2Metric struct {
	Name string
	// Value is a finite float64, or a string, shortened.
	Value any
	// Unit and Type are as the worker says them, shortened; they may be "".
	Unit, Type string
}

// PM2Action is something that a worker does when it is asked to.
type PM2Action struct {
	Name string
	// Type is "custom", or "internal" for those of the package itself, or "scoped" for those that answer with a stream, which
	// [PM2IO.Trigger] does not know.
	Type string
	// Arity is how many arguments its function has: 2 if it takes a parameter.
	Arity int
}

// PM2IO is the route of the package @pm2/io: it keeps the last metrics and the actions of each worker, as PM2 does, and has actions be carried
// out. Make one with [NewPM2IO] for each pool. Its methods may be called from any goroutine.
type PM2IO struct {
	mu       sync.Mutex
	workers  map[*cluster.Worker]*pm2Worker
	triggers map[string]*pm2Trigger // those under way, by their actions
}

// pm2Worker is what is known of a worker.
type pm2Worker struct {
	metrics []PM2Metric // by their names; replaced as a whole
	actions map[string]PM2Action
}

// NewPM2IO makes the route of one pool.
func NewPM2IO() *PM2IO {
	return &PM2IO{workers: map[*cluster.Worker]*pm2Worker{}, triggers: map[string]*pm2Trigger{}}
}

// Name is the package's.
func (*PM2IO) Name() string { return "@pm2/io" }

// Matches reports whether a message is one that the package sends to PM2.
func (*PM2IO) Matches(m nodeipc.Message) bool {
	payload := m.Payload()
	return (bytes.Contains(payload, []byte("axm:")) || bytes.Contains(payload, []byte("application:dependencies"))) && pm2Kinds[pm2KindOf(m)]
}

func pm2KindOf(m message) string {
	var about struct {
		Type string `json:"type"`
	}
	if m.Decode(&about) != nil {
		return ""
	}
	return about.Type
}

// Take keeps what a message tells. One that makes no sense, or is too long, tells nothing.
func (r *PM2IO) Take(_ *pool.Router, from *cluster.Worker, m nodeipc.Message) { r.take(from, m) }

func (r *PM2IO) take(from *cluster.Worker, m message) {
	kind, size := pm2KindOf(m), len(m.Payload())
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case kind == "axm:reply":
		r.takeReply(from, m)
	case size > maxPM2Message:
	case kind == "axm:monitor":
		r.takeMetrics(from, m)
	case kind == "axm:action":
		r.takeAction(from, m)
	}
}

func (r *PM2IO) worker(w *cluster.Worker) *pm2Worker {
	if r.workers[w] == nil {
		r.workers[w] = &pm2Worker{actions: map[string]PM2Action{}}
	}
	return r.workers[w]
}

// takeMetrics replaces a worker's metrics. Of too many it keeps the first by their names.
func (r *PM2IO) takeMetrics(from *cluster.Worker, m message) {
	var sent struct {
		Data map[string]struct {
			Value any `json:"value"`
			Unit  any `json:"unit"`
			Type  any `json:"type"`
		} `json:"data"`
	}
	if m.Decode(&sent) != nil {
		return
	}
	var metrics []PM2Metric
	for _, name := range slices.Sorted(maps.Keys(sent.Data)) {
		about := sent.Data[name]
		value := pm2Value(about.Value)
		if value == nil || !isPM2Name(name) || len(metrics) == maxPM2Metrics {
			continue
		}
		metrics = append(metrics, PM2Metric{Name: strings.Clone(name), Value: value, Unit: pm2Text(about.Unit), Type: pm2Text(about.Type)})
	}
	r.worker(from).metrics = metrics
}

// pm2Value is a value as it is kept: a number also where text is one, as in "12.50". It is nil for what is neither.
func pm2Value(value any) any {
	switch v := value.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
		return v
	case bool:
		return strconv.FormatBool(v)
	case string:
		if n, err := strconv.ParseFloat(v, 64); err == nil && !math.IsNaN(n) && !math.IsInf(n, 0) {
			return n
		}
		return pm2Text(v)
	}
	return nil
}

// pm2Text is a text as it is kept, "" for what is none. It is a copy, as a part would keep the whole message.
func pm2Text(value any) string {
	text, _ := value.(string)
	return strings.Clone(strings.ToValidUTF8(text[:min(len(text), maxPM2Text)], ""))
}

func isPM2Name(name string) bool {
	return name != "" && len(name) <= maxPM2Name && strings.ToValidUTF8(name, "") == name
}

// takeAction keeps an action that a worker has.
func (r *PM2IO) takeAction(from *cluster.Worker, m message) {
	var sent struct {
		Data struct {
			Name  string `json:"action_name"`
			Type  any    `json:"action_type"`
			Arity any    `json:"arity"`
		} `json:"data"`
	}
	if m.Decode(&sent) != nil || !isPM2Name(sent.Data.Name) {
		return
	}
	w, name := r.worker(from), strings.Clone(sent.Data.Name)
	if _, isThere := w.actions[name]; !isThere && len(w.actions) == maxPM2Actions {
		return
	}
	arity, _ := sent.Data.Arity.(float64)
	w.actions[name] = PM2Action{Name: name, Type: pm2Text(sent.Data.Type), Arity: int(max(0, min(arity, math.MaxUint8)))}
}

// Leave forgets a worker.
func (r *PM2IO) Leave(_ *pool.Router, w *cluster.Worker) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.workers, w)
	for _, t := range r.triggers {
		t.reply(w, PM2Reply{Err: errPM2Left})
	}
}

// Metrics are those that a worker has sent last, by their names. The slice is not to be changed.
func (r *PM2IO) Metrics(of *cluster.Worker) []PM2Metric {
	r.mu.Lock()
	defer r.mu.Unlock()
	if w := r.workers[of]; w != nil {
		return w.metrics
	}
	return nil
}

// Actions are those of a worker by their names.
func (r *PM2IO) Actions(of *cluster.Worker) (actions []PM2Action) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if w := r.workers[of]; w != nil {
		actions = slices.SortedFunc(maps.Values(w.actions), func(a, b PM2Action) int { return cmp.Compare(a.Name, b.Name) })
	}
	return actions
}

// takeReply passes on what an action has returned to who waits for it.
func (r *PM2IO) takeReply(from *cluster.Worker, m message) {
	var sent struct {
		Data struct {
			Return json.RawMessage `json:"return"`
		} `json:"data"`
	}
	t := r.triggers[pm2ReplyName(m)]
	if t == nil {
		return
	}
	switch size := len(m.Payload()); {
	case size > maxPM2Reply:
		t.reply(from, PM2Reply{Err: pm2TooLong(size)})
	case m.Decode(&sent) != nil:
		t.reply(from, PM2Reply{Err: errPM2NoJSON})
	default:
		t.reply(from, PM2Reply{Return: bytes.Clone(sent.Data.Return)})
	}
}

// pm2ReplyName is the action that a reply is of, "" if it says none.
func pm2ReplyName(m message) string {
	var sent struct {
		Data struct {
			Name string `json:"action_name"`
		} `json:"data"`
	}
	if m.Decode(&sent) != nil {
		return ""
	}
	return sent.Data.Name
}
