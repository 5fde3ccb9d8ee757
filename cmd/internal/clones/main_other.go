//go:build !unix

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "clones: it reads CPU times with getrusage, which only a Unix has")
	os.Exit(1)
}
