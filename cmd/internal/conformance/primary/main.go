//go:build linux

package main

import (
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/nodecluster/nodecluster/nodeipc"
)

// What the preload says in the environment.
const (
	callsVariable     = "NODECLUSTER_CONFORMANCE_CALLS"     // the descriptor of the pipe for calls
	inheritedVariable = "NODECLUSTER_CONFORMANCE_INHERITED" // how many descriptors came from the test's process
	logVariable       = "NODECLUSTER_CONFORMANCE_LOG"       // a file that gets a line for each start and fork, for the runner
)

func main() {
	if err := run(); err != nil {
		fail(err)
	}
}

// fail ends the process, which fails the test.
func fail(err error) {
	fmt.Fprintln(os.Stderr, "primary:", err)
	os.Exit(1)
}

func run() error {
	fd, err := strconv.Atoi(os.Getenv(callsVariable))
	if err != nil {
		return fmt.Errorf("%s: %w: the conformance rig starts this program", callsVariable, err)
	}
	inherited, err := strconv.Atoi(os.Getenv(inheritedVariable))
	if err != nil {
		return fmt.Errorf("%s: %w", inheritedVariable, err)
	}
	unix.CloseOnExec(fd)
	keepSockets(inherited)
	log, err := os.OpenFile(os.Getenv(logVariable), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	fmt.Fprintln(log, "start")
	wire := nodeipc.Serialization(os.Getenv("NODE_CHANNEL_SERIALIZATION_MODE"))
	channel, err := nodeipc.Parent(nodeipc.Options{})
	if err != nil {
		return err
	}
	b := newBridge(channel, wire, log)
	go b.serveCalls(os.NewFile(uintptr(fd), "calls"))
	b.forward()
	// The test's process has ended, and so does its primary: workers see the end of their channels, as under Node.
	return nil
}

// keepSockets closes what came from the test's process but sockets that a worker may listen on by their descriptor.
func keepSockets(inherited int) {
	for fd := 3; fd < inherited; fd++ {
		listens, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
		domain, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
		kind, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
		if listens == 1 || kind == unix.SOCK_DGRAM && domain != unix.AF_UNIX {
			unix.CloseOnExec(fd)
		} else {
			unix.Close(fd)
		}
	}
}
