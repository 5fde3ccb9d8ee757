package metrics

import "github.com/prometheus/client_golang/prometheus"

// What is told of an application. The label of a worker is the slot, the number of its place (NODECLUSTER_INSTANCE), or "agent" for the agent of an Egg application. Its
// successor keeps it, so that series stay few. It is not called instance, which is Prometheus's own label for what it scrapes.
var (
	appUp          = ofApp("app_up", "Whether at least one worker of the application is ready (1) or not (0). It is there for an application that is down, too.")
	appInfo        = ofApp("app_info", "An application: always 1.", "namespace", "version")
	appState       = ofApp("app_state", "The state that the application is in (1), and those that it is not in (0).", "state")
	appInstances   = ofApp("app_instances", "How many workers the application is to have.")
	appWorkers     = ofApp("app_workers", "How many workers of the application are in a state, also those that leave.", "state")
	appRestarts    = ofApp("app_restarts_total", "Workers of the application that had a successor, by the reason. Those of a reload are not among them.", "reason")
	reloads        = ofApp("reloads_total", "Reloads of the application, by the result.", "result")
	listenQueue    = ofApp("listen_queue", "Connections that wait in the listening sockets to be taken.")
	logLines       = ofApp("log_lines_total", "Lines of the workers' output that were written to the log.")
	logLinesLost   = ofApp("log_lines_dropped_total", "Lines of the workers' output that had no room in the log.")
	supervisorRSS  = ofApp("supervisor_memory_bytes", "Memory of the application's supervisor (RSS).")
	supervisorTime = ofApp("supervisor_start_time_seconds", "When the application's supervisor was started, in seconds since 1970.")

	workerTime        = ofWorker("worker_start_time_seconds", "When the worker was started, in seconds since 1970.")
	workerCPU         = ofWorker("worker_cpu_seconds_total", "CPU time of all threads of the worker.")
	workerUtilization = ofWorker("worker_main_thread_utilization_ratio", "How much of the last seconds the thread of the worker's event loop ran on a CPU, from 0 to 1. Other threads, such as those of a thread pool, do not count.")
	workerMemory      = ofWorker("worker_memory_bytes", "Memory of the worker.", "kind")
	workerLag         = ofWorker("worker_eventloop_lag_seconds", "How late the worker's event loop was at the last measurement.")
	workerLagP50      = ofWorker("worker_eventloop_lag_p50_seconds", "The median of a minute of how late the worker's event loop was.")
	workerLagP99      = ofWorker("worker_eventloop_lag_p99_seconds", "The 99th percentile of a minute of how late the worker's event loop was.")
	workerConnections = ofWorker("worker_connections", "Connections of clients that the worker has open.")
	connections       = ofWorker("connections_total", "Connections that the worker has got. Nobody counts them under the policies none, reuseport and sticky.")

	workerMetric = ofWorker("worker_metric", "A number that the worker measures itself and sends by @pm2/io.", "name", "unit")

	buildInfo = prometheus.NewDesc("nodecluster_build_info", "The program that answers: always 1.", []string{"version", "goversion"}, nil)
)

// descriptions are all of them.
var descriptions []*prometheus.Desc

func ofApp(name, help string, labels ...string) *prometheus.Desc {
	d := prometheus.NewDesc("nodecluster_"+name, help, append([]string{"app"}, labels...), nil)
	descriptions = append(descriptions, d)
	return d
}

func ofWorker(name, help string, labels ...string) *prometheus.Desc {
	return ofApp(name, help, append([]string{"slot"}, labels...)...)
}
