//go:build linux

// Worker is a worker that makes the attack whose name is its argument. Without one it prints the names.
package main

import (
	"fmt"
	"os"

	"github.com/nodecluster/nodecluster/cluster/internal/attack"
)

func main() {
	if len(os.Args) < 2 {
		for _, name := range attack.Names() {
			fmt.Println(name)
		}
		return
	}
	if err := attack.Run(os.Args[1]); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
}
