// Package routes plays the primary's part in the protocols of libraries that need one: each is a [pool.Route] for unchanged workers.
//
//	workers, err := pool.New(
//		cluster.Settings{Exec: "server.js"},
//		pool.Options{Instances: 4, Routes: []pool.Route{routes.SocketIO(), routes.Broadcast()}},
//	)
//	if err != nil {
//		return err
//	}
//	defer workers.Close()
//	return workers.Start()
package routes
