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
// # Places
//
// A pool has a place for each worker. They are numbered from 0 on, those of [Options.Programs] after the others. A worker finds the
// number of its place in the variable [InstanceVariable] of its environment, and in the one that [Options.InstanceVar] names. Its
// successors have the same number, where cluster.worker.id is another one each time. It is for what one worker of several is to do,
// such as a timer.
//
// # Who has a successor
//
// [Options.Restart] says it. A successor comes once nothing is left of the worker before it, process and channel. After a failure
// it waits for [Options.MinPause], and twice as long after each further one in a row, up to [Options.MaxPause]. A place whose
// workers fail more than [Options.MaxRestarts] times in a row stays empty. That a worker is killed from outside, by SIGKILL,
// SIGTERM, SIGINT, SIGHUP or SIGQUIT, is no failure, whether it listens or not.
//
// A worker that loses its channel, or closes it, and goes on has [Options.KillTimeout] to end by itself. Then it is ended as
// [cluster.Worker.Shutdown] does that. It has failed, unless it had been asked to leave or had said that it leaves.
//
// A program of which no worker has listened or lived for five seconds, and the last worker of every place has failed, cannot work.
// The pool then gives up: [Pool.Done] is closed, and [Pool.Err] says why. As long as one worker runs it does not give up, and with
// [RestartAlways] it never does: what the workers need may be there later.
//
// On Linux a worker's oom_score_adj is 50 above that of the pool's process: when memory runs out, the kernel ends a worker rather than
// the primary of them all.
//
// # What clients see meanwhile
//
// The primary keeps the listening sockets of a worker that has ended open for its successor, and clients wait in their queues. With
// [RestartAlways] that goes for a worker that leaves by itself too, and ends within a second after it has closed its servers, or
// within ten after it has said that it leaves: a program that recycles its workers refuses nobody. What a worker listened on alone,
// such as a port by its id, is closed when its successor does not ask for it, and when its place has no successor. See
// [cluster.Settings] for the rules.
//
// # Reload, restart and scale
//
// [Pool.Reload] replaces all workers by those of a new release, new first. A successor is started in a place beside the worker that
// fills it. Once it is ready, which is to listen on all that the worker listens on, it has the place, and the worker is asked to leave. The
// first successor is tried alone, and must stay well for a moment. The first failure ends the reload, and leaves the workers
// that there were. [Pool.ReloadOne] is that for one place. With [ReloadSwitch] the successors are on standby until all are ready, and
// then all have their places in one moment.
//
// A worker may listen on something of its own, such as a port by its id. Where a program has several workers, a successor needs to listen
// on what two of them have in common, and on as many servers in all as the worker before it. Where there is one worker, nothing tells its
// own from the others: a program that changes its ports is to be reloaded with [ReloadOptions.WaitReady], or restarted.
//
// [Pool.Restart] replaces all at once, old first. [Pool.Scale] changes the number of places. One of these is at a time, and
// [Pool.Progress] tells of each step.
//
// # Spares
//
// [Options.Spare] workers more are loaded and on standby. One of them takes over at once when a worker has ended that is to have a
// successor. It has an instance number of its own.
//
// # What a pool changes by itself
//
// [Options.MaxMemory], [Options.MaxLifetime] and [Options.MaxConnections] have workers replaced, new first and one at a time.
// [Options.ReloadSchedule] reloads at certain times. Where memory has a limit, the largest worker is replaced before it is used up, unless
// [Options.NoMemoryGuard] is set. The number of workers follows the limits where no number is given, or the load with [Options.Autoscale].
// A [Progress] of such a change has its reason.
//
// # Health
//
// [Options.Readiness] keeps connections from workers that are not ready, and [Options.Liveness] replaces those whose check fails. Neither
// is checked before [Options.Startup] has passed once. Each worker is checked by itself, over a connection that no other gets.
// [Options.MaxLag] is for workers whose event loop does not move, and needs no check.
// [Pool.Ready] and [Pool.ReadyWithin] are for the load balancer in front of the pool, and [Pool.Progress] tells of each change.
//
// # Messages through the primary
//
// Some libraries send their messages through the primary, and need code of theirs there. [Options.Routes] is that code in Go: a [Route]
// takes the messages that it knows, and sends by a [Router], which waits for no worker. A [Relay] does so on the primary's loop. Package
// [github.com/nodecluster/nodecluster/cluster/pool/routes] has those of libraries.
//
// # How Node workers drain
//
// Node closes the servers of a worker that leaves. From version 19 on that cuts connections without a request, in a race with the client's
// next one; before, a client that goes on asking keeps its worker. So Node workers load a script before their program, by NODE_OPTIONS. It
// does nothing until a server of http, https or http2 is closed, by the cluster or by the program, but know its connections. From then on:
//
//   - The next answer on a connection says "Connection: close", and an HTTP/2 client gets a GOAWAY, by which it goes elsewhere.
//   - A connection without a request is kept for a second, or for a fifth of [Options.KillTimeout] if that is less, and then ended.
//   - One that is ended is read until the client ends it too, for a moment, so that the client gets the whole answer.
//
// Connections that were upgraded, such as WebSockets, and streams are the program's: they have until the signal comes, from half of
// KillTimeout on. Only the worker itself loads the script: it is taken out of NODE_OPTIONS at once, so that its children do not, and in
// worker threads it does nothing. It lies in a folder nodecluster-drain-* for temporary files, which [Pool.Close] removes. One that a
// killed process leaves does no harm, and the system removes it with other temporary files. A worker that could not read it does without:
// one with another root, one of another user where the folder is closed to that user, and one with Node's --experimental-permission or
// --experimental-policy. [Options.NoDrain] turns it off.
//
// # How a pool ends
//
// [Pool.Shutdown] asks the workers to leave, as Node's cluster.disconnect() does, and ends those that stay: [cluster.Worker.Shutdown]
// says how. Those whose connections go on at half of [Options.KillTimeout] get their signals one after the other, until three quarters of
// it, so that their clients do not all come to other servers in one moment. With [Options.LameDuck] it first goes on for a while, and is
// not ready. [Pool.Close] kills what is left, and frees everything; a program calls it in any case. Both end the restarts first.
//
// The package stands on the public part of package cluster alone. A program that wants to keep its workers otherwise finds there
// what this one has: [cluster.Primary.Subscribe], [cluster.Worker.Gone], [cluster.ListenErrorEvent], [cluster.Primary.EmitError].
package pool
