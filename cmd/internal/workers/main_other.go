//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "workers: it reads CPU times from /proc, which is Linux's")
	os.Exit(1)
}
