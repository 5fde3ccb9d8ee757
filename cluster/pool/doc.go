// Package pool keeps the workers of a cluster running: it replaces those that fail, later and later the more often they do, lets
// clients wait meanwhile, and shuts all down without losing a connection.
//
// A [Pool] runs a number of workers of one program, and of others beside it, behind the same ports:
//
//	// run keeps two workers of a script running until a signal comes.
//	func run(script string) error {
//		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
//		defer stop()
//		workers, err := pool.New(cluster.Settings{Exec: script}, pool.Options{Instances: 2})
//		if err != nil {
//			return err
//		}
//		defer workers.Close()
//		if err := workers.Start(); err != nil {
//			return err
//		}
//		go func() {
//			<-workers.Done() // they have done their work, or the script cannot run
//			stop()
//		}()
//		for event := range workers.Events(ctx) {
//			switch e := event.(type) {
//			case cluster.ListeningEvent:
//				log.Printf("worker %d listens on port %d", e.Worker.ID(), e.Address.Port)
//			case cluster.ExitEvent:
//				log.Printf("worker %d ended with %v", e.Worker.ID(), e.Status)
//			case cluster.ErrorEvent:
//				log.Print(e.Err)
//			}
//		}
//		workers.Shutdown(context.Background())
//		return workers.Err()
//	}
//
// Events need not be taken: a program that is content with Start, Done, Err, Shutdown and Close goes on to be served.
//
// # Who has a successor
//
// [Options.Restart] says it. A successor comes once nothing is left of the worker before it, process and channel. After a failure
// it waits for [Options.MinPause], and twice as long after each further one in a row, up to [Options.MaxPause]. A place whose
// workers fail more than [Options.MaxRestarts] times in a row stays empty. That a worker is killed from outside, once it listens,
// is no failure.
//
// A program that fails within the first five seconds, before any of its workers has listened, cannot work. The pool then gives up:
// [Pool.Done] is closed, and [Pool.Err] says why.
//
// # How a pool ends
//
// [Pool.Shutdown] asks the workers to leave, as Node's cluster.disconnect() does, and ends those that stay: [cluster.Worker.Shutdown]
// says how. [Pool.Close] kills what is left, and frees everything; a program calls it in any case. Both end the restarts first.
//
// The package stands on the public part of package cluster alone. A program that wants to keep its workers otherwise finds there
// what this one has: [cluster.Primary.Subscribe], [cluster.Worker.Gone], [cluster.ListenErrorEvent], [cluster.Primary.EmitError].
package pool
