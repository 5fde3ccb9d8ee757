package routes_test

import (
	"log"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cluster/pool/routes"
)

func Example() {
	workers, err := pool.New(
		cluster.Settings{Exec: "server.js"},
		pool.Options{Instances: 4, Routes: []pool.Route{routes.SocketIO(), routes.Broadcast()}},
	)
	if err != nil {
		log.Fatal(err)
	}
	defer workers.Close()
	if err := workers.Start(); err != nil {
		log.Fatal(err)
	}
	<-workers.Done()
}
