package control

import (
	"encoding/json"
	"strconv"
	"time"
)

// State is that of an application.
type State string

const (
	Starting  State = "starting"  // no worker has been ready yet
	Online    State = "online"    // at least one worker is ready, and none is in a crash loop
	CrashLoop State = "crashloop" // an instance has failed several times in a row, and is to be tried again
	Stopping  State = "stopping"  // its workers are asked to leave
	Stopped   State = "stopped"   // it was stopped, or its workers have done their work
	Errored   State = "errored"   // it cannot run, or its supervisor has died
)

// WorkerState is that of a worker, or of an instance that has none.
type WorkerState string

const (
	WorkerStarting  WorkerState = "starting"  // its process runs, and it is not ready
	WorkerOnline    WorkerState = "online"    // it is ready
	WorkerUnhealthy WorkerState = "unhealthy" // it does not pass its readiness check, and gets no connections
	WorkerBlocked   WorkerState = "blocked"   // its event loop has not moved for longer than allowed
	WorkerSpare     WorkerState = "spare"     // it is loaded and waits to take over
	WorkerDraining  WorkerState = "draining"  // it is asked to leave, and finishes what it has
	WorkerWaiting   WorkerState = "waiting"   // the last worker has failed, and its successor is started at RetryAt
	WorkerStopped   WorkerState = "stopped"   // the last worker has done its work
	WorkerErrored   WorkerState = "errored"   // the last worker has failed, and there is no successor
)

// App is an application as its supervisor sees it. Of one whose supervisor does not run there is only what is on disk: its name, state,
// reason and configuration.
type App struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	State     State  `json:"state"`
	// Reason says in words why it is in the state, such as "exit code 1: Error: no database". It may be empty.
	Reason string `json:"reason,omitempty"`
	// Since is when it came into the state.
	Since time.Time `json:"since"`
	// Supervisor is its supervisor, nil if that does not run.
	Supervisor *Supervisor `json:"supervisor,omitempty"`
	// Version is what the package.json of the program says of its version, "" if it says nothing.
	Version string `json:"version,omitempty"`
	// Instances is how many workers are wanted, and Ready how many are ready.
	Instances int `json:"instances"`
	Ready     int `json:"ready"`
	// SizedBy is the limit that Instances follows from, such as "the CPU quota is 2.5", "" if it was said.
	SizedBy string `json:"sizedBy,omitempty"`
	// Restarts is how many workers have failed and had a successor, since the supervisor was started or the counters were reset.
	Restarts int `json:"restarts"`
	// RestartsBy is why all workers had successors since the supervisor was started, a reload's apart: "exit", "signal", "memory",
	// "lifetime", "connections", "startup", "liveness", "lag" or "guard". ReloadsBy counts reloads by "done" and "failed".
	RestartsBy map[string]int `json:"restartsBy,omitempty"`
	ReloadsBy  map[string]int `json:"reloadsBy,omitempty"`
	// Usage is the sum of the workers'.
	Usage
	// Waiting is how many connections wait in the listening sockets to be taken.
	Waiting int      `json:"waiting"`
	Workers []Worker `json:"workers,omitempty"`
	// LoggedLines and DroppedLines are how many lines of the workers' output were written and had no room.
	LoggedLines  uint64 `json:"loggedLines"`
	DroppedLines uint64 `json:"droppedLines"`
	// LogFile is where the workers' output is, "" if it is in no file.
	LogFile string `json:"logFile,omitempty"`
	// Change is the change that is under way, or the last one; nil if there was none.
	Change *Change `json:"change,omitempty"`
	// Config is the configuration as it is applied, a config.App.
	Config json.RawMessage `json:"config,omitempty"`
}

// Supervisor is the process that runs an application.
type Supervisor struct {
	Pid       int       `json:"pid"`
	Version   string    `json:"version"` // of nodecluster
	StartedAt time.Time `json:"startedAt"`
	Memory    int64     `json:"memory"` // bytes
	// Foreground reports whether it was started by run, and keeps no wish: it is forgotten when it ends.
	Foreground bool `json:"foreground,omitempty"`
}

// Usage is what a worker uses, or all.
type Usage struct {
	CPU        float64 `json:"cpu"`        // percent of one CPU, over the last seconds
	CPUSeconds float64 `json:"cpuSeconds"` // since it was started
	Memory     int64   `json:"memory"`     // bytes, as RSS
	// Utilization is how busy the main thread is, from 0 to 1; of an application that of its busiest worker.
	Utilization float64 `json:"utilization"`
	// Lag is that of the event loop; of an application the largest. It is nil where it is not known.
	Lag *Lag `json:"lag,omitempty"`
	// Connections is how many are open, -1 where it is not known, and Accepted how many the worker has got in all.
	Connections int    `json:"connections"`
	Accepted    uint64 `json:"accepted"`
}

// Lag is how late an event loop is, in milliseconds: the last value, and the median and the 99th percentile of a minute.
type Lag struct {
	Last float64 `json:"last"`
	P50  float64 `json:"p50"`
	P99  float64 `json:"p99"`
}

// Worker is a worker of an application, or an instance without one.
type Worker struct {
	Instance int         `json:"instance"` // the number of its place: NODECLUSTER_INSTANCE; -1 for an agent
	ID       int         `json:"id"`       // cluster.worker.id, 0 if there is none
	Pid      int         `json:"pid"`      // 0 if there is none
	State    WorkerState `json:"state"`
	// Role is "agent" for the agent of an Egg application, "" for all that serve.
	Role   string `json:"role,omitempty"`
	Reason string `json:"reason,omitempty"`
	// StartedAt is when it was started, and RetryAt when the successor of one that has failed is to be; both may be zero.
	StartedAt time.Time `json:"startedAt,omitzero"`
	RetryAt   time.Time `json:"retryAt,omitzero"`
	// Restarts is how many workers of the instance have failed and had a successor.
	Restarts int `json:"restarts"`
	// Failures is how many have failed in a row.
	Failures int    `json:"failures,omitempty"`
	Program  string `json:"program"` // the script or executable
	Runtime  string `json:"runtime,omitempty"`
	// Addresses are what it listens on, such as "0.0.0.0:3000" or "/run/app.sock".
	Addresses []string `json:"addresses,omitempty"`
	// Output are the last lines that it has printed to standard error, if its last worker has failed.
	Output []string `json:"output,omitempty"`
	// Metrics are those that the program sends by @pm2/io, by their names, and Actions what it does when trigger asks for it.
	Metrics []Metric `json:"metrics,omitempty"`
	Actions []Action `json:"actions,omitempty"`
	Usage
}

// RoleAgent is the role of the agent of an Egg application.
const RoleAgent = "agent"

// Place is what a worker is called within its application: the number of its place, or its role.
func (w *Worker) Place() string {
	if w.Role != "" {
		return w.Role
	}
	return strconv.Itoa(w.Instance)
}

// Metric is a value that a program measures itself.
type Metric struct {
	Name  string   `json:"name"`
	Value *float64 `json:"value,omitempty"` // absent if it is no number
	Text  string   `json:"text,omitempty"`  // the value if it is no number
	Unit  string   `json:"unit,omitempty"`
	Type  string   `json:"type,omitempty"` // as the program says it
}

// Action is something that a program does when trigger asks for it.
type Action struct {
	Name  string `json:"name"`
	Type  string `json:"type,omitempty"` // "custom", "internal", or "scoped" for one that trigger cannot ask for
	Arity int    `json:"arity"`          // 2 if it takes a parameter
}

// Change is a reload, a restart, a scaling or a replacement.
type Change struct {
	Kind     string    `json:"kind"` // "reload", "restart", "scale", "replace" or "stop"
	Reason   string    `json:"reason,omitempty"`
	Begun    time.Time `json:"begun"`
	Ended    time.Time `json:"ended,omitzero"` // zero while it goes on
	Done     int       `json:"done"`           // of the instances that are to change
	Total    int       `json:"total"`
	Error    string    `json:"error,omitempty"`
	Output   []string  `json:"output,omitempty"`   // the last lines that the worker printed that has failed
	Replaced []int     `json:"replaced,omitempty"` // the instances so far
}

// Event is a line of the event log, as --log-format json has it.
type Event struct {
	Time  time.Time `json:"time"`
	Level string    `json:"level"` // "DEBUG", "INFO", "WARN" or "ERROR"
	Name  string    `json:"msg"`   // such as "fork", "listening", "exit", "reloaded"
	// Text is the line for people.
	Text string `json:"text,omitempty"`
	// Attributes are the other fields, such as worker, pid and instance.
	Attributes map[string]any `json:"-"`
}

// Reload is what a reload is asked for with. The zero value of a field is what the configuration says.
type Reload struct {
	Instance *int   `json:"instance,omitempty"` // this one alone
	Parallel int    `json:"parallel,omitempty"`
	Strategy string `json:"strategy,omitempty"` // "rolling" or "switch"
	Wait     bool   `json:"wait,omitempty"`     // for another change that is under way
	// Config is a new configuration, a config.App. It is applied, and on disk, only if the reload succeeds.
	Config json.RawMessage `json:"config,omitempty"`
}

// Scale is what a scaling is asked for with: a number, "max", or a number more or less, such as "+2" and "-1".
type Scale struct {
	Instances string `json:"instances"`
}

// Drain is how a drain goes.
type Drain struct {
	Wait bool `json:"wait,omitempty"` // until no connection is open
}

// Signal is what is sent to the workers, such as "SIGUSR2", to one instance or all.
type Signal struct {
	Signal   string `json:"signal"`
	Instance *int   `json:"instance,omitempty"`
}

// Trigger is an action of @pm2/io that workers are asked for, one instance or all that have it.
type Trigger struct {
	Action    string  `json:"action"`
	Parameter *string `json:"parameter,omitempty"`
	Instance  *int    `json:"instance,omitempty"`
	Timeout   int64   `json:"timeout,omitempty"` // milliseconds that answers are waited for; 0 is for 10,000
}

// Triggered is what has come of an action.
type Triggered struct {
	Replies []Reply `json:"replies"`
}

// Reply is what a worker has answered to an action.
type Reply struct {
	Instance int    `json:"instance"`
	Pid      int    `json:"pid"`
	Return   string `json:"return,omitempty"` // what it has returned, in JSON; absent if that is nothing
	Error    string `json:"error,omitempty"`  // why there is no answer
}

// Data is what workers get as the message {type: 'process:msg', topic, data, id}, which PM2's sendDataToProcessId sends: one instance or all.
// The id is the instance's number.
type Data struct {
	Topic    string          `json:"topic"`
	Data     json.RawMessage `json:"data,omitempty"` // any JSON, which has to be there; null is data too
	Instance *int            `json:"instance,omitempty"`
}

// Sent says who was sent something.
type Sent struct {
	Instances []int `json:"instances"`
}

// Result is what has come of a change.
type Result struct {
	Replaced  []int `json:"replaced,omitempty"`
	Kept      []int `json:"kept,omitempty"`
	Instances int   `json:"instances,omitempty"` // after a scaling
	Took      int64 `json:"took"`                // milliseconds
}

// Codes of errors, with the HTTP statuses that they come with.
const (
	CodeInvalid   = "invalid"   // 400: what was asked for makes no sense
	CodeForbidden = "forbidden" // 403: the user may not do that
	CodeUnknown   = "unknown"   // 404: there is no such command, or no such instance
	CodeBusy      = "busy"      // 409: another change is under way
	CodeFailed    = "failed"    // 422: the change has failed, and what was there is there again
	CodeInternal  = "internal"  // 500: the supervisor has a fault, which its log tells of
	CodeStopping  = "stopping"  // 503: the application ends
	CodeUnready   = "unready"   // 503: the application is not to be sent requests, or its supervisor does not do its work
)

// Error is why something could not be done.
type Error struct {
	Code    string   `json:"code"`
	Message string   `json:"message"`
	Output  []string `json:"output,omitempty"` // the last lines that the worker printed that has failed
}

func (e *Error) Error() string { return e.Message }
