package routes_test

import (
	"log"
	"net/http"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cluster/pool/routes"
)

// The metrics of four workers, on a port of the primary's.
func ExampleNewPromClient() {
	metrics := routes.NewPromClient(routes.PromClientOptions{})
	p, err := pool.New(cluster.Settings{Exec: "server.js"}, pool.Options{Instances: 4, Routes: []pool.Route{metrics}})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	if err := p.Start(); err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("GET /metrics", func(answer http.ResponseWriter, request *http.Request) {
		answer.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		metrics.Collect(request.Context(), p.Workers()).WriteText(answer)
	})
	go http.ListenAndServe("127.0.0.1:9091", nil)
	<-p.Done()
}
