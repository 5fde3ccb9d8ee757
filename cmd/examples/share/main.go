//go:build unix

// Share gives what it has opened to Node programs, which serve it in its place:
//
//	go run ./cmd/examples/share
//	go run ./cmd/examples/share -send socket
//
// With -send server the workers get a listening TCP socket, with unix one of a path, and with udp a UDP socket;
// with -send socket this program accepts, and gives each connection to the next worker. It then asks as a client,
// and prints which worker has answered.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"

	"github.com/nodecluster/nodecluster/nodeipc"
)

//go:embed worker.js
var workerScript string

type settings struct {
	send     string
	node     string
	workers  int
	requests int
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("share: ")
	var s settings
	flag.StringVar(&s.send, "send", "server", "what the workers get: server, socket, udp or unix")
	flag.StringVar(&s.node, "node", "node", "the Node `program` that runs the workers")
	flag.IntVar(&s.workers, "workers", 2, "how many workers there are")
	flag.IntVar(&s.requests, "requests", 8, "how many requests are made")
	flag.Parse()
	if flag.NArg() > 0 {
		log.Fatalf("unexpected argument %q, run with -h for the flags", flag.Arg(0))
	}
	if err := run(context.Background(), os.Stdout, s); err != nil {
		log.Fatal(err)
	}
}

// run starts the workers, shares with them, and writes who has answered each request.
func run(ctx context.Context, out io.Writer, s settings) (err error) {
	if s.workers < 1 {
		return fmt.Errorf("-workers %d: want one at least", s.workers)
	}
	service, err := open(s.send)
	if err != nil {
		return err
	}
	defer service.close()
	workers, err := startWorkers(ctx, s)
	defer func() { err = errors.Join(err, stopWorkers(workers)) }()
	if err != nil {
		return err
	}
	if err := service.share(ctx, workers); err != nil {
		return err
	}
	number := map[string]int{}
	for i, w := range workers {
		number[fmt.Sprint(w.Pid())] = i + 1
	}
	fmt.Fprintf(out, "this is pid %d, and it gives its %s to %d workers\n", os.Getpid(), service.name, len(workers))
	for i := range s.requests {
		pid, err := service.ask(ctx)
		if err != nil {
			return fmt.Errorf("request %d: %w", i+1, err)
		}
		if number[pid] == 0 {
			return fmt.Errorf("request %d: the answer %q is no worker's pid", i+1, pid)
		}
		fmt.Fprintf(out, "request %d: answered by worker %d, pid %s\n", i+1, number[pid], pid)
	}
	return nil
}

func startWorkers(ctx context.Context, s settings) (workers []*nodeipc.Child, err error) {
	for range s.workers {
		cmd := exec.CommandContext(ctx, s.node, "-e", workerScript)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		worker, err := nodeipc.Start(cmd, nodeipc.Options{})
		if err != nil {
			return workers, err
		}
		workers = append(workers, worker)
	}
	return workers, nil
}

// stopWorkers disconnects the workers, upon which they exit, and waits for them.
func stopWorkers(workers []*nodeipc.Child) (err error) {
	for _, w := range workers {
		w.Disconnect()
	}
	for i, w := range workers {
		status, waitErr := w.Wait()
		if waitErr == nil && !status.Success() {
			waitErr = fmt.Errorf("worker %d ended with %v", i+1, status)
		}
		err = errors.Join(err, waitErr, w.Close())
	}
	return err
}
