//go:build !linux

package main

// runAsInit does nothing: containers whose first process a program is are Linux's.
func runAsInit() (status int, ok bool) { return 0, false }
