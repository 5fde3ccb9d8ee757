//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "attacks: it reads the memory of processes from /proc, which is Linux's")
	os.Exit(1)
}
