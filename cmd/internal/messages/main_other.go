//go:build !unix

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "messages: channels to Node are sockets on Unix systems only")
	os.Exit(1)
}
