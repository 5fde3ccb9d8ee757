//go:build unix

package pool_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
)

// run keeps two workers of a script running until a signal comes.
func run(script string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	workers, err := pool.New(cluster.Settings{Exec: script}, pool.Options{Instances: 2})
	if err != nil {
		return err
	}
	defer workers.Close()
	if err := workers.Start(); err != nil {
		return err
	}
	go func() {
		<-workers.Done() // they have done their work, or the script cannot run
		stop()
	}()
	for event := range workers.Events(ctx) {
		switch e := event.(type) {
		case cluster.ListeningEvent:
			log.Printf("worker %d listens on port %d", e.Worker.ID(), e.Address.Port)
		case cluster.ExitEvent:
			log.Printf("worker %d ended with %v", e.Worker.ID(), e.Status)
		case cluster.ErrorEvent:
			log.Print(e.Err)
		}
	}
	workers.Shutdown(context.Background())
	return workers.Err()
}

func Example() {
	log.SetFlags(0)
	log.SetOutput(&operator{})
	defer log.SetOutput(os.Stderr)
	if err := run("../testdata/hello.js"); err != nil {
		log.Fatal(err)
	}
	fmt.Println("shut down")
	// Output:
	// 2 workers listen
	// hello
	// shut down
}

// operator reads the log. When both workers listen, it sends a request, and then the signal that ends the pool.
type operator struct {
	mu        sync.Mutex
	listening int
}

func (o *operator) Write(line []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !bytes.Contains(line, []byte("listens")) {
		return len(line), nil
	}
	if o.listening++; o.listening == 2 {
		fmt.Println("2 workers listen")
		fmt.Println(get(string(line[bytes.LastIndexByte(line, ' ')+1 : len(line)-1])))
		syscall.Kill(os.Getpid(), syscall.SIGINT)
	}
	return len(line), nil
}

// get gives the first word of what a server on this machine answers.
func get(port string) string {
	response, err := http.Get("http://127.0.0.1:" + port)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err.Error()
	}
	word, _, _ := strings.Cut(string(body), " ")
	return word
}
