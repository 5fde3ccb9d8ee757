package config

// App is the configuration of one application. Its fields are the flags of run by the same names, with _ for -, so that a file, a command
// line and what is on disk say the same. The zero value of a field is the flag's default.
type App struct {
	Name      string   `yaml:"name" json:"name"`
	Namespace string   `yaml:"namespace,omitempty" json:"namespace,omitempty"`
	Script    string   `yaml:"script" json:"script"`
	Args      []string `yaml:"args,omitempty" json:"args,omitempty"`
	Cwd       string   `yaml:"cwd,omitempty" json:"cwd,omitempty"`
	Node      string   `yaml:"node,omitempty" json:"node,omitempty"`
	NodeArgs  []string `yaml:"node_args,omitempty" json:"node_args,omitempty"`

	Instances      string   `yaml:"instances,omitempty" json:"instances,omitempty"`
	WorkerMemory   string   `yaml:"worker_memory,omitempty" json:"worker_memory,omitempty"`
	Mix            []string `yaml:"mix,omitempty" json:"mix,omitempty"`
	Sched          string   `yaml:"sched,omitempty" json:"sched,omitempty"`
	NoBatch        bool     `yaml:"no_batch,omitempty" json:"no_batch,omitempty"`
	NoSteal        bool     `yaml:"no_steal,omitempty" json:"no_steal,omitempty"`
	Serialization  string   `yaml:"serialization,omitempty" json:"serialization,omitempty"`
	MaxMessageSize string   `yaml:"max_message_size,omitempty" json:"max_message_size,omitempty"`
	MinPort        int      `yaml:"min_port,omitempty" json:"min_port,omitempty"`
	Spare          int      `yaml:"spare,omitempty" json:"spare,omitempty"`
	Autoscale      string   `yaml:"autoscale,omitempty" json:"autoscale,omitempty"`

	Env          map[string]string `yaml:"env,omitempty" json:"env,omitempty"`
	EnvFile      []string          `yaml:"env_file,omitempty" json:"env_file,omitempty"`
	InstanceVar  string            `yaml:"instance_var,omitempty" json:"instance_var,omitempty"`
	IncrementVar string            `yaml:"increment_var,omitempty" json:"increment_var,omitempty"`
	UID          string            `yaml:"uid,omitempty" json:"uid,omitempty"`
	GID          string            `yaml:"gid,omitempty" json:"gid,omitempty"`

	Restart       string `yaml:"restart,omitempty" json:"restart,omitempty"`
	MaxRestarts   *int   `yaml:"max_restarts,omitempty" json:"max_restarts,omitempty"`
	MinUptime     string `yaml:"min_uptime,omitempty" json:"min_uptime,omitempty"`
	RestartDelay  string `yaml:"restart_delay,omitempty" json:"restart_delay,omitempty"`
	StopExitCodes []int  `yaml:"stop_exit_codes,omitempty" json:"stop_exit_codes,omitempty"`

	KillTimeout string `yaml:"kill_timeout,omitempty" json:"kill_timeout,omitempty"`
	Stop        string `yaml:"stop,omitempty" json:"stop,omitempty"` // disconnect, signal or message
	StopSignal  string `yaml:"stop_signal,omitempty" json:"stop_signal,omitempty"`
	NoDrain     bool   `yaml:"no_drain,omitempty" json:"no_drain,omitempty"`
	LameDuck    string `yaml:"lame_duck,omitempty" json:"lame_duck,omitempty"`

	Reload        string `yaml:"reload,omitempty" json:"reload,omitempty"`
	ListenTimeout string `yaml:"listen_timeout,omitempty" json:"listen_timeout,omitempty"`
	WaitReady     bool   `yaml:"wait_ready,omitempty" json:"wait_ready,omitempty"`
	Bake          string `yaml:"bake,omitempty" json:"bake,omitempty"`
	Parallel      int    `yaml:"parallel,omitempty" json:"parallel,omitempty"`

	MaxMemory      string `yaml:"max_memory,omitempty" json:"max_memory,omitempty"`
	MaxLifetime    string `yaml:"max_lifetime,omitempty" json:"max_lifetime,omitempty"`
	MaxConnections int    `yaml:"max_connections,omitempty" json:"max_connections,omitempty"`
	Cron           string `yaml:"cron,omitempty" json:"cron,omitempty"`
	NoMemoryGuard  bool   `yaml:"no_memory_guard,omitempty" json:"no_memory_guard,omitempty"`

	Readiness      string `yaml:"readiness,omitempty" json:"readiness,omitempty"`
	Liveness       string `yaml:"liveness,omitempty" json:"liveness,omitempty"`
	HealthPeriod   string `yaml:"health_period,omitempty" json:"health_period,omitempty"`
	HealthTimeout  string `yaml:"health_timeout,omitempty" json:"health_timeout,omitempty"`
	HealthFailures int    `yaml:"health_failures,omitempty" json:"health_failures,omitempty"`
	MaxLag         string `yaml:"max_lag,omitempty" json:"max_lag,omitempty"`
	ReplaceBlocked bool   `yaml:"replace_blocked,omitempty" json:"replace_blocked,omitempty"`

	Watch       []string `yaml:"watch,omitempty" json:"watch,omitempty"`
	IgnoreWatch []string `yaml:"ignore_watch,omitempty" json:"ignore_watch,omitempty"`
	WatchDelay  string   `yaml:"watch_delay,omitempty" json:"watch_delay,omitempty"`

	OutFile     string `yaml:"out_file,omitempty" json:"out_file,omitempty"`
	ErrorFile   string `yaml:"error_file,omitempty" json:"error_file,omitempty"`
	LogFile     string `yaml:"log_file,omitempty" json:"log_file,omitempty"`
	LogType     string `yaml:"log_type,omitempty" json:"log_type,omitempty"` // text, json, journal, none or passthrough
	Time        bool   `yaml:"time,omitempty" json:"time,omitempty"`
	LogMaxSize  string `yaml:"log_max_size,omitempty" json:"log_max_size,omitempty"`
	LogMaxAge   string `yaml:"log_max_age,omitempty" json:"log_max_age,omitempty"`
	LogMaxFiles int    `yaml:"log_max_files,omitempty" json:"log_max_files,omitempty"`

	Metrics      string            `yaml:"metrics,omitempty" json:"metrics,omitempty"`
	Autostart    *bool             `yaml:"autostart,omitempty" json:"autostart,omitempty"`
	DependsOn    map[string]string `yaml:"depends_on,omitempty" json:"depends_on,omitempty"` // an application, and "started" or "healthy"
	ControlGroup string            `yaml:"control_group,omitempty" json:"control_group,omitempty"`
}
