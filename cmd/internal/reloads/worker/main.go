// Command worker is a server in Go for the measurement of reloads. It answers as testdata/app.js of that does.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"

	"github.com/nodecluster/nodecluster/cluster/worker"
)

func main() {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		bytes, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			panic(http.ErrAbortHandler) // the client has gone
		}
		fmt.Fprintf(w, "%d %d", os.Getpid(), bytes)
	})
	if err := worker.Serve(context.Background(), &http.Server{Handler: handler}, "tcp", ":"+os.Getenv("PORT")); err != nil {
		log.Fatal(err)
	}
}
