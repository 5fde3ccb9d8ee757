// Package routes plays the primary's part in the protocols of libraries that need one: each is a [pool.Route] for unchanged workers.
//
//	workers, err := pool.New(
//		cluster.Settings{Exec: "server.js"},
//		pool.Options{Instances: 4, Routes: []pool.Route{routes.SocketIO(), routes.Broadcast()}},
//	)
//	if err != nil {
//		log.Fatal(err)
//	}
//	defer workers.Close()
//	if err := workers.Start(); err != nil {
//		log.Fatal(err)
//	}
//	<-workers.Done()
package routes
