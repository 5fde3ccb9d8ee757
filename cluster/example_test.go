//go:build unix

package cluster_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"

	"github.com/nodecluster/nodecluster/cluster"
)

func Example() {
	primary, err := cluster.NewPrimary(cluster.Settings{Exec: "testdata/hello.js"})
	if err != nil {
		log.Fatal(err)
	}
	defer primary.Close()
	for range 2 {
		if _, err := primary.Fork(); err != nil {
			log.Fatal(err)
		}
	}
	listening := 0
	for event := range primary.Events(context.Background()) {
		switch e := event.(type) {
		case cluster.ListeningEvent:
			fmt.Printf("worker %d listens\n", e.Worker.ID())
			if listening++; listening == 2 {
				get(e.Address.Port)
				get(e.Address.Port)
				go func() {
					primary.Disconnect(context.Background())
					primary.Close() // which ends the events
				}()
			}
		case cluster.ExitEvent:
			fmt.Printf("worker %d ended with %v\n", e.Worker.ID(), e.Status)
		}
	}
	// Unordered output:
	// worker 1 listens
	// worker 2 listens
	// hello from worker 1
	// hello from worker 2
	// worker 1 ended with code 0
	// worker 2 ended with code 0
}

// get prints what a server on this machine answers.
func get(port int) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d", port))
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(body))
}
