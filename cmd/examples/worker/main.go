// Command worker is an HTTP worker in Go. It runs under a Node primary, under nodecluster run, and alone:
//
//	go build -o worker ./cmd/examples/worker && PORT=8000 ./worker
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/nodecluster/nodecluster/cluster/worker"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "Go, process %d\n", os.Getpid())
	})
	port := os.Getenv("PORT")
	if port == "" {
		port = "8000"
	}
	if err := worker.Serve(ctx, &http.Server{Handler: handler}, "tcp", ":"+port); err != nil {
		log.Fatal(err)
	}
}
