//go:build man

package main

import (
	"fmt"
	"os"
	"time"

	"github.com/nodecluster/nodecluster/cmd/internal/man"
)

// With this build tag the program writes its man pages into the folder of its argument, and does nothing else: scripts/man runs it. So the module
// that writes them is in no program that is used.
func init() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: man FOLDER")
		os.Exit(statusUsage)
	}
	if err := man.Write(newRootCommand(), os.Args[1], time.Now()); err != nil {
		fmt.Fprintln(os.Stderr, "man:", err)
		os.Exit(statusFailed)
	}
	os.Exit(0)
}
