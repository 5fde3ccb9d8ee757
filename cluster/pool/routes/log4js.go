package routes

import (
	"bytes"
	"fmt"
	"math"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

const (
	// log4jsTopic is the topic of each message that log4js sends.
	log4jsTopic = "log4js:message"
	// maxUnread is how many bytes of what cannot be read are told.
	maxUnread = 1 << 10
	// maxLog4js is how many bytes a message has that is read: reading it is to delay no other worker's messages.
	maxLog4js = 16 << 20
)

// The levels of log4js from which on lines tell of errors, and of its MARK, which is above them and tells of none.
const (
	log4jsError float64 = 40_000
	log4jsMark  float64 = 1 << 53
)

// Log4jsOptions say what becomes of what loggers of log4js are told in workers.
type Log4jsOptions struct {
	// Take is called with each event, in the order in which the worker has logged them. It must not block: all routes wait for it.
	Take func(Log4jsEvent)
	// Primary gives the worker that log4js takes for its primary where its setting pm2 is true, which is the one with 0 in the variable that
	// its pm2InstanceVar names. It gets what the others log, and writes that to its own appenders. It is nil, or gives nil, where there is no
	// such worker: Take has those events too. It must not block.
	Primary func() *cluster.Worker
}

// Log4jsEvent is what a logger of log4js was told in a worker.
type Log4jsEvent struct {
	Worker   *cluster.Worker
	Time     time.Time // of the worker's clock, in this process's zone
	Level    Log4jsLevel
	Category string
	// Data are the arguments of the logger's method, as [structuredclone.Decode] has values. An Error is an *Object with message and stack,
	// as log4js sends it, and an object may contain itself.
	Data []structuredclone.Value
	// Pid is what the worker says of its process.
	Pid int
}

// Log4jsLevel is a level of log4js, of which a program may have its own.
type Log4jsLevel struct {
	Name  string  // such as "INFO"
	Value float64 // 5000 is TRACE, 40000 ERROR and 50000 FATAL
}

// IsError reports whether it is ERROR or above. MARK is not, though its value is greater.
func (l Log4jsLevel) IsError() bool { return l.Value >= log4jsError && l.Value < log4jsMark }

type log4js struct {
	options Log4jsOptions
	senders map[*cluster.Worker]struct{} // that have sent an event as workers with pm2 do, and so are no primary of log4js
}

// Log4js is the route of what log4js logs in workers, which it sends to its primary: without one the lines are lost.
//
// With the setting pm2 an event says nothing of a worker: log4js has no cluster's primary in mind then, but one of the workers. Such an event
// goes to Log4jsOptions.Primary, unless that one sends such itself, is about to leave, or has 1 MiB waiting for it. All others go to Take.
func Log4js(o Log4jsOptions) pool.Route {
	return &log4js{options: o, senders: map[*cluster.Worker]struct{}{}}
}

func (*log4js) Name() string { return "log4js" }

// log4jsBegin is how log4js's messages begin in JSON.
var log4jsBegin = []byte(`{"topic":"` + log4jsTopic + `",`)

func (*log4js) Matches(m nodeipc.Message) bool {
	payload := m.Payload()
	if bytes.HasPrefix(payload, log4jsBegin) {
		return true
	}
	if !bytes.Contains(payload, []byte(log4jsTopic)) {
		return false
	}
	var message struct {
		Topic any `json:"topic"`
	}
	return m.Decode(&message) == nil && message.Topic == log4jsTopic
}

func (l *log4js) Take(r *pool.Router, from *cluster.Worker, m nodeipc.Message) {
	var message struct {
		Data string `json:"data"`
	}
	if payload := m.Payload(); len(payload) > maxLog4js {
		l.options.Take(unreadable(from, fmt.Sprintf("it has more than %d MiB", maxLog4js>>20), payload))
		return
	}
	if err := m.Decode(&message); err != nil {
		l.options.Take(unreadable(from, "its data is no text", m.Payload()))
		return
	}
	event, hasWorker, err := readLog4js(message.Data)
	if err != nil {
		l.options.Take(unreadable(from, err.Error(), message.Data))
		return
	}
	if !hasWorker && l.forward(r, from, m) {
		return
	}
	event.Worker = from
	l.options.Take(event)
}

// forward sends an event to the worker that is log4js's primary, and reports whether that has got it.
func (l *log4js) forward(r *pool.Router, from *cluster.Worker, m nodeipc.Message) bool {
	l.senders[from] = struct{}{}
	if l.options.Primary == nil {
		return false
	}
	primary := l.options.Primary()
	if primary == nil || !primary.IsConnected() || primary.ExitedAfterDisconnect() {
		return false
	}
	if _, sends := l.senders[primary]; sends {
		return false
	}
	return r.Offer(primary, m)
}

func (l *log4js) Leave(_ *pool.Router, w *cluster.Worker) { delete(l.senders, w) }

// unreadable is an event in place of one that cannot be read.
func unreadable[T []byte | string](from *cluster.Worker, why string, text T) Log4jsEvent {
	shown := string(text[:min(len(text), maxUnread)])
	if more := len(text) - len(shown); more > 0 {
		shown += fmt.Sprintf("… %d more bytes", more)
	}
	return Log4jsEvent{
		Worker: from, Time: time.Now(), Level: Log4jsLevel{"ERROR", log4jsError}, Category: "log4js", Pid: from.Pid(),
		Data: []structuredclone.Value{"a message is no event of log4js: " + why + ":", shown},
	}
}

// readLog4js reads an event, and reports whether it says which worker of a cluster it is from.
func readLog4js(text string) (event Log4jsEvent, hasWorker bool, err error) {
	value, err := parseFlatted(text)
	if err != nil {
		return event, false, err
	}
	root, ok := value.(*structuredclone.Object)
	if !ok {
		return event, false, fmt.Errorf("it is no object")
	}
	event.Category = textOf(root, "categoryName")
	if event.Level, err = levelOf(root); err != nil {
		return event, false, err
	}
	if event.Time, err = time.Parse(time.RFC3339, textOf(root, "startTime")); err != nil {
		return event, false, fmt.Errorf("its startTime is no time")
	}
	event.Time = event.Time.Local()
	data, _ := root.Get("data")
	list, ok := data.(*structuredclone.Array)
	if !ok {
		return event, false, fmt.Errorf("its data is no array")
	}
	event.Data = list.Elements
	if pid, _ := root.Get("pid"); pid != nil {
		event.Pid = intOf(pid)
	}
	of, _ := root.Get("cluster")
	_, hasWorker = of.(*structuredclone.Object)
	return event, hasWorker, nil
}

func levelOf(root *structuredclone.Object) (l Log4jsLevel, err error) {
	value, _ := root.Get("level")
	level, ok := value.(*structuredclone.Object)
	if !ok {
		return l, fmt.Errorf("its level is no object")
	}
	l.Name = textOf(level, "levelStr")
	number, _ := level.Get("level")
	if l.Value, ok = number.(float64); !ok || l.Name == "" {
		return l, fmt.Errorf("its level has no name or no number")
	}
	return l, nil
}

// textOf is the string at a key, "" if there is none.
func textOf(o *structuredclone.Object, key string) string {
	v, _ := o.Get(key)
	s, _ := v.(string)
	return s
}

// intOf is a whole number that fits, or else 0.
func intOf(v structuredclone.Value) int {
	f, ok := v.(float64)
	if !ok || f != math.Trunc(f) || math.Abs(f) > math.MaxInt32 {
		return 0
	}
	return int(f)
}
