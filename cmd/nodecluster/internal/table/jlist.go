package table

import (
	"cmp"
	"encoding/json"
	"io"
	"time"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/secrets"
)

// Jlist writes what "pm2 jlist" does, for scripts that read that: a JSON array with an object for each worker, spares left out, and for each
// application without workers one object whose pid is 0. pm_id counts the objects from 0.
//
// The status of a worker is PM2's word for its state. PM2 has none for a worker that runs and does not serve, so such a one is "unhealthy" or
// "blocked", and never "online". What PM2 has and this program does not know is left out. Secrets of the environment are masked. It returns
// the error of w. user is as whom workers run of which nothing else is said. With indents it is for people too.
func Jlist(w io.Writer, apps []control.App, user string, indented bool) error {
	list := []pm2Process{}
	for i := range apps {
		app, before := newPM2Process(&apps[i], user), len(list)
		for j := range apps[i].Workers {
			if worker := &apps[i].Workers[j]; worker.State != control.WorkerSpare {
				list = append(list, app.of(worker, len(list)))
			}
		}
		if len(list) == before {
			app.ID = len(list)
			list = append(list, app)
		}
	}
	encoder := json.NewEncoder(w)
	if indented {
		encoder.SetIndent("", "  ")
	}
	return encoder.Encode(list)
}

type pm2Process struct {
	Pid   int      `json:"pid"`
	Name  string   `json:"name"`
	ID    int      `json:"pm_id"`
	Usage pm2Usage `json:"monit"`
	Env   pm2Env   `json:"pm2_env"`
}

type pm2Usage struct {
	Memory int64   `json:"memory"` // bytes
	CPU    float64 `json:"cpu"`    // percent
}

// pm2Env are the fields of pm2_env that scripts read. Times are milliseconds since 1970.
type pm2Env struct {
	Name      string               `json:"name"`
	Namespace string               `json:"namespace"`
	Status    string               `json:"status"`
	Restarts  int                  `json:"restart_time"`
	Failures  int                  `json:"unstable_restarts"`
	StartedAt int64                `json:"pm_uptime,omitempty"`
	CreatedAt int64                `json:"created_at,omitempty"`
	Mode      string               `json:"exec_mode"`
	Instances int                  `json:"instances"`
	Instance  *int                 `json:"NODE_APP_INSTANCE,omitempty"`
	Program   string               `json:"pm_exec_path,omitempty"`
	Folder    string               `json:"pm_cwd,omitempty"`
	Output    string               `json:"pm_out_log_path,omitempty"`
	Errors    string               `json:"pm_err_log_path,omitempty"`
	Version   string               `json:"version,omitempty"`
	Watch     bool                 `json:"watch"`
	User      string               `json:"username,omitempty"`
	Env       map[string]string    `json:"env"`
	Actions   []pm2Action          `json:"axm_actions"`
	Monitor   map[string]pm2Metric `json:"axm_monitor"`
	Options   struct{}             `json:"axm_options"`
	Dynamic   struct{}             `json:"axm_dynamic"`
}

// pm2Action and pm2Metric are what a program with @pm2/io has.
type pm2Action struct {
	Name  string `json:"action_name"`
	Type  string `json:"action_type"`
	Arity int    `json:"arity"`
}

type pm2Metric struct {
	Value any    `json:"value"` // a number or a text
	Unit  string `json:"unit,omitempty"`
	Type  string `json:"type,omitempty"`
}

// newPM2Process is an application without a worker.
func newPM2Process(a *control.App, user string) pm2Process {
	var config struct {
		Script string            `json:"script"`
		Cwd    string            `json:"cwd"`
		Env    map[string]string `json:"env"`
		Watch  []string          `json:"watch"`
		UID    string            `json:"uid"`
	}
	// Of a configuration that is damaged nothing is known, and the list tells the rest.
	_ = json.Unmarshal(a.Config, &config)
	env := make(map[string]string, len(config.Env))
	for name, value := range config.Env {
		env[name] = secrets.Mask(name, value)
	}
	p := pm2Process{Name: a.Name, Env: pm2Env{
		Name: a.Name, Namespace: a.Namespace, Status: pm2AppStatus(a.State), Restarts: a.Restarts, Mode: "cluster_mode", Instances: a.Instances,
		Program: config.Script, Folder: config.Cwd, Output: a.LogFile, Errors: a.LogFile, Version: a.Version, Watch: len(config.Watch) > 0,
		User: cmp.Or(config.UID, user), Env: env, Actions: []pm2Action{}, Monitor: map[string]pm2Metric{},
	}}
	if a.Supervisor != nil {
		p.Env.CreatedAt = milliseconds(a.Supervisor.StartedAt)
	}
	return p
}

// of is the object of a worker of the application.
func (p pm2Process) of(w *control.Worker, id int) pm2Process {
	p.Pid, p.ID, p.Usage = w.Pid, id, pm2Usage{w.Memory, w.CPU}
	p.Env.Status, p.Env.Restarts, p.Env.Failures = pm2Status(w.State), w.Restarts, w.Failures
	p.Env.StartedAt, p.Env.Instance = milliseconds(w.StartedAt), nil
	if w.Role == "" {
		p.Env.Instance = &w.Instance
	}
	if w.Program != "" {
		p.Env.Program = w.Program
	}
	p.Env.Actions, p.Env.Monitor = make([]pm2Action, len(w.Actions)), map[string]pm2Metric{}
	for i, a := range w.Actions {
		p.Env.Actions[i] = pm2Action{a.Name, a.Type, a.Arity}
	}
	for _, m := range w.Metrics {
		metric := pm2Metric{Value: m.Text, Unit: m.Unit, Type: m.Type}
		if m.Value != nil {
			metric.Value = *m.Value
		}
		p.Env.Monitor[m.Name] = metric
	}
	return p
}

func milliseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func pm2Status(s control.WorkerState) string {
	switch s {
	case control.WorkerStarting:
		return "launching"
	case control.WorkerDraining:
		return "stopping"
	case control.WorkerWaiting:
		return "waiting restart"
	}
	return string(s)
}

// pm2AppStatus is that of an application without workers.
func pm2AppStatus(s control.State) string {
	switch s {
	case control.Starting, control.Online:
		return "launching"
	case control.CrashLoop:
		return "waiting restart"
	}
	return string(s)
}
