//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "logs-bench: it reads the CPU time of processes from /proc, which only Linux has")
	os.Exit(1)
}
