// Package supervise is the process of one application: it runs its pool, writes what happens, and does what signals and the control socket
// ask for.
package supervise
