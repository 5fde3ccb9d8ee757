// Package eventlog writes a line for each event of an application: what happens to its workers, and what changes.
package eventlog
