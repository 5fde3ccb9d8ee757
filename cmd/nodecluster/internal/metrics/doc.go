// Package metrics gives what is known of applications to Prometheus, and answers the probes of containers.
package metrics
