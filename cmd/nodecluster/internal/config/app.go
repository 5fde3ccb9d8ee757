package config

// App is the configuration of one application. Its fields are the flags of run by the same names, with _ for -, so that a file, a command
// line and what is on disk say the same. The zero value of a field is the flag's default.
//
// Three tags say what a value is beyond its type: words are all that it may be, least is the smallest number, and path is "file" for what is
// meant from the folder of the file.
type App struct {
	// The name by which commands know the application: 1 to 64 letters, digits, dots, dashes and underscores. Without one it is the script's,
	// without its ending.
	Name string `yaml:"name" json:"name"`
	// A word by which several applications are told what to do at once.
	Namespace string `yaml:"namespace,omitempty" json:"namespace,omitempty"`
	// What the application is: pool, a script in a pool of workers, or egg, an application of Egg.js, whose folder script is. Without one it is pool.
	Kind string `yaml:"kind,omitempty" json:"kind,omitempty" words:"pool,egg"`
	// What to run: a file, a folder with a package.json, a program that PATH has, or a command line.
	Script string `yaml:"script" json:"script"`
	// What the script gets: a list, or a text that is split as a shell does.
	Args Words `yaml:"args,omitempty" json:"args,omitempty"`
	// The workers' working directory. Without one it is the file's folder.
	Cwd string `yaml:"cwd,omitempty" json:"cwd,omitempty" path:"file"`
	// What runs the script, if not the node that PATH has.
	Node string `yaml:"node,omitempty" json:"node,omitempty"`
	// What node gets before the script: a list, or a text that is split as a shell does.
	NodeArgs Words `yaml:"node_args,omitempty" json:"node_args,omitempty"`

	// The options of Egg's startCluster, such as port and sticky, for kind egg.
	Egg Fields `yaml:"egg,omitempty" json:"egg,omitempty"`
	// What runs the agent of kind egg, if not what runs the app workers.
	AgentNode string `yaml:"agent_node,omitempty" json:"agent_node,omitempty"`

	// How many workers: a number, auto or max for what the CPUs and the limits of a container allow, or -1 for one less than there are CPUs.
	Instances Instances `yaml:"instances,omitempty" json:"instances,omitempty"`
	// What auto takes a worker to need.
	WorkerMemory Size `yaml:"worker_memory,omitempty" json:"worker_memory,omitempty"`
	// More workers of other commands behind the same ports, each as N=COMMAND.
	Mix List `yaml:"mix,omitempty" json:"mix,omitempty"`
	// Who gets a connection.
	Sched string `yaml:"sched,omitempty" json:"sched,omitempty" words:"rr,none,reuseport,sticky,least"`
	// What a client is known by under sticky: header:NAME, cookie:NAME, query:NAME, proxy-protocol or sni. Without one it is its address.
	StickyKey string `yaml:"sticky_key,omitempty" json:"sticky_key,omitempty"`
	// Whether the primary preempts the workers that its answers wake, under rr, least and a sticky key.
	NoBatch bool `yaml:"no_batch,omitempty" json:"no_batch,omitempty"`
	// Whether connections stay with a worker that is too busy to accept them, under reuseport.
	NoSteal bool `yaml:"no_steal,omitempty" json:"no_steal,omitempty"`
	// How messages to workers are written.
	Serialization string `yaml:"serialization,omitempty" json:"serialization,omitempty" words:"json,advanced"`
	// How long a message of a worker may be.
	MaxMessageSize Size `yaml:"max_message_size,omitempty" json:"max_message_size,omitempty"`
	// The lowest port that workers may listen on.
	MinPort int `yaml:"min_port,omitempty" json:"min_port,omitempty" least:"1"`
	// How many loaded workers wait to take over from one that dies.
	Spare int `yaml:"spare,omitempty" json:"spare,omitempty"`
	// From how many to how many workers there are, as the load needs: MIN-MAX.
	Autoscale string `yaml:"autoscale,omitempty" json:"autoscale,omitempty"`

	// Variables of the workers' environment.
	Env Env `yaml:"env,omitempty" json:"env,omitempty"`
	// Files with variables, as node --env-file reads them. env wins over them.
	EnvFile List `yaml:"env_file,omitempty" json:"env_file,omitempty" path:"file"`
	// The variables of the command line that workers do not get: names, in which * stands for anything. true is all.
	FilterEnv Filter `yaml:"filter_env,omitempty" json:"filter_env,omitempty"`
	// A further variable with the number of the worker's place.
	InstanceVar string `yaml:"instance_var,omitempty" json:"instance_var,omitempty"`
	// A variable of env with a number, to which each worker has the number of its place added.
	IncrementVar string `yaml:"increment_var,omitempty" json:"increment_var,omitempty"`
	// The user that the workers run as, a number or a name.
	UID ID `yaml:"uid,omitempty" json:"uid,omitempty"`
	// The group that the workers run as, a number or a name.
	GID ID `yaml:"gid,omitempty" json:"gid,omitempty"`

	// Which workers have successors.
	Restart string `yaml:"restart,omitempty" json:"restart,omitempty" words:"always,on-failure,never"`
	// How many failures in a row have a successor.
	MaxRestarts *int `yaml:"max_restarts,omitempty" json:"max_restarts,omitempty"`
	// How long a worker must live for its end to be no failure in a row.
	MinUptime Duration `yaml:"min_uptime,omitempty" json:"min_uptime,omitempty"`
	// How long a successor waits.
	RestartDelay Duration `yaml:"restart_delay,omitempty" json:"restart_delay,omitempty"`
	// Exit codes that are no failure, and have no successor.
	StopExitCodes Codes `yaml:"stop_exit_codes,omitempty" json:"stop_exit_codes,omitempty"`

	// From asking workers to leave to killing them.
	KillTimeout Duration `yaml:"kill_timeout,omitempty" json:"kill_timeout,omitempty"`
	// How workers are asked to leave.
	Stop string `yaml:"stop,omitempty" json:"stop,omitempty" words:"disconnect,signal,message"`
	// What a worker gets that goes on after that.
	StopSignal string `yaml:"stop_signal,omitempty" json:"stop_signal,omitempty"`
	// Whether it is left to Node how a worker that leaves ends its HTTP connections.
	NoDrain bool `yaml:"no_drain,omitempty" json:"no_drain,omitempty"`
	// How long connections are taken after a signal, before workers are asked to leave.
	LameDuck Duration `yaml:"lame_duck,omitempty" json:"lame_duck,omitempty"`

	// How a reload replaces workers.
	Reload string `yaml:"reload,omitempty" json:"reload,omitempty" words:"rolling,switch"`
	// How long a new worker may take to be ready. One that is not by then has failed.
	ListenTimeout Duration `yaml:"listen_timeout,omitempty" json:"listen_timeout,omitempty"`
	// Whether a worker is ready when it has called process.send('ready').
	WaitReady bool `yaml:"wait_ready,omitempty" json:"wait_ready,omitempty"`
	// How long the first new worker of a reload must stay well.
	Bake Duration `yaml:"bake,omitempty" json:"bake,omitempty"`
	// How many workers are replaced at a time.
	Parallel int `yaml:"parallel,omitempty" json:"parallel,omitempty" least:"1"`

	// How much memory a worker may use. One that uses more is replaced, new first.
	MaxMemory Size `yaml:"max_memory,omitempty" json:"max_memory,omitempty"`
	// After how long a worker is replaced.
	MaxLifetime Duration `yaml:"max_lifetime,omitempty" json:"max_lifetime,omitempty"`
	// After how many connections a worker is replaced.
	MaxConnections int `yaml:"max_connections,omitempty" json:"max_connections,omitempty" least:"1"`
	// When to reload, as cron has it.
	Cron string `yaml:"cron,omitempty" json:"cron,omitempty"`
	// Whether the largest worker is left alone when the memory is nearly used up.
	NoMemoryGuard bool `yaml:"no_memory_guard,omitempty" json:"no_memory_guard,omitempty"`

	// The check that a worker has to pass once, before the others are made.
	Startup string `yaml:"startup,omitempty" json:"startup,omitempty"`
	// How long that may take. Then the worker is replaced.
	StartupTimeout Duration `yaml:"startup_timeout,omitempty" json:"startup_timeout,omitempty"`
	// The check that a worker has to pass to get connections: /PATH, a URL, tcp, tcp:PORT or exec:COMMAND.
	Readiness string `yaml:"readiness,omitempty" json:"readiness,omitempty"`
	// The check without which a worker is replaced.
	Liveness string `yaml:"liveness,omitempty" json:"liveness,omitempty"`
	// How often they are made.
	HealthPeriod Duration `yaml:"health_period,omitempty" json:"health_period,omitempty"`
	// How long one may take.
	HealthTimeout Duration `yaml:"health_timeout,omitempty" json:"health_timeout,omitempty"`
	// How many failures in a row count.
	HealthFailures int `yaml:"health_failures,omitempty" json:"health_failures,omitempty" least:"1"`
	// For how long a worker's event loop may stand still. One that does for longer gets no connections until it moves.
	MaxLag Duration `yaml:"max_lag,omitempty" json:"max_lag,omitempty"`
	// Whether such a worker is replaced.
	ReplaceBlocked bool `yaml:"replace_blocked,omitempty" json:"replace_blocked,omitempty"`

	// What is watched, meant from cwd: a change reloads. true is all of cwd.
	Watch Watch `yaml:"watch,omitempty" json:"watch,omitempty"`
	// What of it is not watched.
	IgnoreWatch List `yaml:"ignore_watch,omitempty" json:"ignore_watch,omitempty"`
	// How long a change waits for more.
	WatchDelay Duration `yaml:"watch_delay,omitempty" json:"watch_delay,omitempty"`

	// Where the workers' standard output goes, beside the log.
	OutFile string `yaml:"out_file,omitempty" json:"out_file,omitempty" path:"file"`
	// Where their standard error goes.
	ErrorFile string `yaml:"error_file,omitempty" json:"error_file,omitempty" path:"file"`
	// Where both go.
	LogFile string `yaml:"log_file,omitempty" json:"log_file,omitempty" path:"file"`
	// How they are written.
	LogType string `yaml:"log_type,omitempty" json:"log_type,omitempty" words:"text,json,journal,none,passthrough"`
	// Whether a line has the time before it.
	Time bool `yaml:"time,omitempty" json:"time,omitempty"`
	// In which format of dayjs, such as YYYY-MM-DD HH:mm:ss.
	LogDateFormat string `yaml:"log_date_format,omitempty" json:"log_date_format,omitempty"`
	// How large a log file gets before the next is begun.
	LogMaxSize Size `yaml:"log_max_size,omitempty" json:"log_max_size,omitempty"`
	// How old it gets before it is removed.
	LogMaxAge Duration `yaml:"log_max_age,omitempty" json:"log_max_age,omitempty"`
	// How many are kept.
	LogMaxFiles int `yaml:"log_max_files,omitempty" json:"log_max_files,omitempty" least:"1"`

	// Where /metrics, /livez and /readyz are served.
	Metrics string `yaml:"metrics,omitempty" json:"metrics,omitempty"`
	// Where clients connect of workers that have @socket.io/sticky and do not listen: a port, or an address.
	StickyListen string `yaml:"sticky_listen,omitempty" json:"sticky_listen,omitempty"`
	// Whether it is started when the machine is. It is, unless this is false.
	Autostart *bool `yaml:"autostart,omitempty" json:"autostart,omitempty"`
	// The applications that must be there first, each with started or healthy.
	DependsOn DependsOn `yaml:"depends_on,omitempty" json:"depends_on,omitempty"`
	// The group whose members may look at the application.
	ControlGroup string `yaml:"control_group,omitempty" json:"control_group,omitempty"`
}
