//go:build !linux

// Command record writes down what real runtimes do; it runs on Linux only.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "record: the facts are recorded on Linux only")
	os.Exit(1)
}
