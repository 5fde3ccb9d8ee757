// Package boot is how applications come back when the machine starts, and what a supervisor and the system's service manager tell each other:
// units of systemd, its notifications, and the sockets that it opens.
package boot
