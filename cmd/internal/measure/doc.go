// Package measure is what the programs that measure share: it starts a program and ends it with all that it has started,
// reads the CPU time and the memory of processes from /proc, has wrk open connections, and takes medians.
package measure
