// Package cluster is Node's cluster in Go: a primary that runs Node programs as workers, and a worker that a primary,
// Node's or this one, runs.
//
// A [Primary] forks workers, opens what they listen on, deals the connections out to them, and tells what happens in
// one ordered stream of events:
//
//	primary, err := cluster.NewPrimary(cluster.Settings{Exec: "testdata/hello.js"})
//	if err != nil {
//		log.Fatal(err)
//	}
//	defer primary.Close()
//	for range 2 {
//		if _, err := primary.Fork(); err != nil {
//			log.Fatal(err)
//		}
//	}
//	listening := 0
//	for event := range primary.Events(context.Background()) {
//		switch e := event.(type) {
//		case cluster.ListeningEvent:
//			fmt.Printf("worker %d listens\n", e.Worker.ID())
//			if listening++; listening == 2 {
//				get(e.Address.Port)
//				get(e.Address.Port)
//				go func() {
//					primary.Disconnect(context.Background())
//					primary.Close() // which ends the events
//				}()
//			}
//		case cluster.ExitEvent:
//			fmt.Printf("worker %d ended with %v\n", e.Worker.ID(), e.Status)
//		}
//	}
//
// The script is any that runs under Node's own cluster, unchanged. Deno's and Bun's workers, and those in Go that call
// [Join], do as well.
//
// A pool, of package cluster/pool, keeps a number of workers running on top of a primary: it replaces those that fail, later and
// later the more often they do, and lets clients wait meanwhile.
//
// [Join] makes the process that calls it a worker. Its Listen gives a listener whose connections come from the
// primary; without a primary, the same program listens by itself.
//
// # Who gets a connection
//
// [SchedulingPolicy] says it: the two policies of Node's, [SchedRR] and [SchedNone]; [SchedReusePort] and [SchedSticky], in
// which each worker has a listening socket of its own, and the kernel chooses; and [SchedLeast]. A [Balancer] is a policy of
// the program's own.
//
// # What differs from Node
//
// A primary behaves as Node's, and what a worker sees of it is the same: addresses, errors, the order of events. On
// purpose, some things are other than in Node:
//
//   - Connections that a worker was given and had not answered for when it died or refused them go to other workers.
//     Under Node their clients wait for an answer that never comes.
//   - Several connections may be on their way at once to one worker that keeps up, where Node waits for each answer.
//   - A worker's second server on an address that it listens on already gets EADDRINUSE, as up to Node 20, or, if it is
//     a UDP socket that reuses addresses, a socket of its own. Under later Nodes the worker dies of an assertion.
//   - readableAll and writableAll of a Unix socket add to its mode, as up to Node 20, and do so under SchedNone too.
//   - A Unix socket's path that is too long is EINVAL, as from Node 24 on, and never cut.
//   - [Settings.HoldListeners] keeps listening sockets open while there is no worker.
//
// A worker is not trusted: one that breaks the protocol, or does not read what it asked for, loses its channel, with an
// [ErrorEvent]. One that sends more than the program takes is held back, and what it sends to a program that takes nothing at
// all is dropped: see [Primary.Next]. Neither disturbs other workers.
//
// # Platforms
//
// Unix systems. Linux has several connections at once on their way to a worker, others one. On Windows the package
// builds, and [NewPrimary] returns an error that matches [errors.ErrUnsupported].
package cluster
