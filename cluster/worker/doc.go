// Package worker makes a Go program a worker of a cluster: of Node's own cluster, or of a primary that
// [github.com/nodecluster/nodecluster/cluster] or the command nodecluster run is. An HTTP server is a worker by one call:
//
//	package main
//
//	import (
//		"context"
//		"fmt"
//		"log"
//		"net/http"
//		"os"
//		"os/signal"
//		"syscall"
//
//		"github.com/nodecluster/nodecluster/cluster/worker"
//	)
//
//	func main() {
//		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
//		context.AfterFunc(ctx, stop) // a second signal ends the process at once
//		handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
//			fmt.Fprintf(w, "hello from process %d\n", os.Getpid())
//		})
//		server := &http.Server{Handler: handler}
//		if err := worker.Serve(ctx, server, "tcp", ":"+os.Getenv("PORT")); err != nil {
//			log.Fatal(err)
//		}
//	}
//
// Forked by a primary, it shares its port with the other workers, be they Go's or Node's. Started by hand, it listens by
// itself.
//
// # Other servers
//
// [Join] gives the [Process], which is what cluster.worker is in a Node program. Its Listen is Node's server.listen, and gives a
// net.Listener; [ListenConfig] has the options. ListenPacket is for UDP.
//
// # Leaving
//
// A worker leaves when the primary asks it to, or when the program calls [Process.Disconnect]:
//
//  1. [Process.Context] ends, with the cause [ErrAskedToLeave].
//  2. No more connections come to its listeners. Those that the program has not accepted go to other workers. A UDP socket is
//     closed.
//  3. The program closes its listeners: http.Server.Shutdown or gRPC's GracefulStop, called when the context ends, do that.
//     Accept waits for it, so that their accept loops take no closed listener for a failure. A program that does not look at
//     the context learns of its leaving by Accept, which fails a second later, or two where connections are open, with an
//     error that matches [net.ErrClosed] and the context's cause.
//  4. When all connections that its listeners have accepted are closed, the primary is told and the channel is closed.
//     [Process.Done] is closed when the primary has seen that, or after 5 s: a program that waits for it is not seen to exit
//     before it is seen to have disconnected.
//
// [Serve] does all of it, and ends a second after [DefaultShutdownTimeout] at the latest. The connections of a listener that is
// Exclusive are the program's own business.
//
// # When the primary is lost
//
// The channel to a primary that has died, or that breaks the protocol, ends. After [Join] the process then exits with code 0 or 1, as a
// Node worker does; no deferred function runs. A program that has called Serve, or has asked for [JoinOptions].OutlivePrimary, goes
// on: Context ends with a cause that matches [ErrPrimaryLost], listeners end as above, and Serve returns that error.
package worker
