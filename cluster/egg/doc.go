// Package egg is the master of Egg.js's cluster in Go: it runs an unchanged application of Egg 3 or Egg 4, with its agent, its app workers and the
// messenger between all of them.
//
//	// run runs the application in a folder on a port, until the program gets SIGTERM.
//	func run(folder string, port int) error {
//		text := fmt.Sprintf(`{"workers":2,"port":%d}`, port)
//		options, err := egg.ParseOptions([]byte(text), egg.OptionsFrom{Dir: folder})
//		if err != nil {
//			return err
//		}
//		master, err := egg.New(options, egg.Settings{})
//		if err != nil {
//			return err
//		}
//		ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
//		defer cancel()
//		context.AfterFunc(ctx, func() { master.Stop("SIGTERM") })
//		return master.Run(context.Background())
//	}
//
// The options are those of Egg's startCluster; [CallFramework] has a framework that has such a function of its own add to them. Agent and app
// workers are started with the scripts of the release of Egg that the application's framework uses, in the order, with the variables and with the
// messages of Egg's own master.
//
// # What differs from Egg's own master
//
//   - A stop lets the app workers answer the requests that they have before Egg's hooks run. For that, Node loads a script in them, which is in a
//     folder nodecluster-drain-* for temporary files until Run returns. Settings.NoDrain leaves both out.
//   - A reload replaces one app worker after the other, the new one first, and is given up where that fails.
//   - An app worker that dies in its start, after the application has started once, is started again, with growing pauses.
//   - With port 0 the application is ready, and the parent is told which port it has.
//   - App workers of Egg 3 are told of the first agent, so that app.messenger.sendRandom works from the beginning.
//   - What a process sends to one that does not read waits, up to a bound in bytes, and is dropped then, with a line about it.
//   - Sticky mode spreads clients evenly, and they wait for the successor of their app worker.
//   - Only the agent can say that it has started, and an app worker only of itself.
//
// # Platforms
//
// Those of package cluster. What app workers have started ends with them on Linux alone.
package egg
