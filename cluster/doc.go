// Package cluster is the primary of Node's cluster in Go: it runs Node programs as workers.
//
// A [Primary] forks workers, opens what they listen on, hands them their connections, and tells what happens in
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
// The script is any that runs under Node's own cluster, unchanged. Workers may also run on Deno or Bun, or be programs in Go that
// use package [github.com/nodecluster/nodecluster/cluster/worker].
//
// Package [github.com/nodecluster/nodecluster/cluster/pool] keeps a number of workers running on top of a primary: it replaces those
// that fail, later and later the more often they do, and lets clients wait meanwhile. ARCHITECTURE.md beside this file has the path of
// a connection, of a message and of a life through the code.
//
// # Who gets a connection
//
// The [SchedulingPolicy] decides. [SchedRR] and [SchedNone] are Node's. With [SchedReusePort] and [SchedSticky] each worker has a
// listening socket of its own, and the kernel chooses. With [SchedLeast] the primary chooses the worker that is least busy. A
// [Balancer] is a policy of the program's own.
//
// # What differs from Node
//
// A primary behaves as Node's, and a worker sees the same of it: addresses, errors, the order of events. These things
// differ on purpose:
//
//   - A connection that a worker refuses goes to another worker, and so does one that it has not answered for when it dies.
//     Under Node its client waits for an answer that never comes.
//   - Several connections may be on their way at once to one worker that keeps up, where Node waits for each answer.
//   - A worker's second server on an address that it listens on already gets EADDRINUSE, as up to Node 20. If it is
//     a UDP socket that reuses addresses, it gets a socket of its own. Under later Nodes the worker dies of an assertion.
//   - readableAll and writableAll of a Unix socket add to its mode, as up to Node 20, and do so under SchedNone too.
//   - A path that is too long for a Unix socket is EINVAL, as from Node 24 on. It is never cut off.
//   - A worker that is asked to leave is told so when it has answered for the connections on their way to it, and has read what its
//     clients have sent. The last workers of a server also get what waits in its socket. Under Node such clients are reset.
//   - [Settings.HoldListeners] keeps listening sockets open while a successor of their last worker may come.
//
// A worker is not trusted. One that breaks the protocol, or does not read what it asked for, loses its channel: its [DisconnectEvent]
// says why. One that sends more than the program takes is held back, and what it sends to a program that takes nothing at
// all is dropped: see [Primary.Next]. Neither disturbs other workers.
//
// # Four kinds of disconnect
//
// Node calls four things disconnect, and so does this module:
//
//	Channel.Disconnect   closes one channel in good order. The peer is not asked for anything. [nodeipc.Channel.Disconnect]
//	Worker.Disconnect    asks one worker to leave, and does not wait. [Worker.Disconnect]
//	Primary.Disconnect   asks all workers to leave, and waits until all are gone. [Primary.Disconnect]
//	Process.Disconnect   leaves the cluster that the process is a worker of. Package [github.com/nodecluster/nodecluster/cluster/worker]
//
// # Platforms
//
// Unix systems. On Linux several connections may be on their way to a worker at once, elsewhere one. On Windows the package
// builds, and [NewPrimary] returns an error that matches [errors.ErrUnsupported].
package cluster
