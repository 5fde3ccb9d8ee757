//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "eggs: processes and clients' addresses are found on Linux only")
	os.Exit(1)
}
