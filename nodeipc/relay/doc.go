// Package relay stands between the two ends of Node's IPC channel and passes on what they say to each other, while
// an observer looks on: to trace a channel, to count what crosses it, to find out who broke it.
//
//	r, err := relay.Start(parent, child, relay.Options{Observer: printer{}})
//	if err != nil {
//		log.Fatal(err)
//	}
//	defer r.Close()
//	<-r.Done()
//
// where parent and child are sockets to the two, and the observer is told of each message:
//
//	type printer struct{}
//
//	func (printer) HandleFrame(f *relay.Frame) { fmt.Printf("%s: %s %s\n", f.Direction, f.Kind, f.Payload) }
//	func (printer) HandleEnd(relay.End)        {}
//
// Both processes must find the channel as it would be without a relay:
//
//   - Bytes are passed on as they are, as soon as they are there. They are read as messages for the observer only, so
//     that a broken conversation passes too, and stays as it is.
//   - Descriptors are passed on beside the first byte of the message that they came with, and that message in one
//     write of its own if it is not longer than 64 KiB. Those that nobody asked for are passed on as well. One that its
//     receiver acknowledges stays open here until then, since macOS may lose it otherwise.
//   - Order is kept in each direction.
//   - Who does not read makes the other one wait: at most 64 KiB stay here in each direction, and what the sockets hold.
//   - An end of one side is passed on when all that it had sent before has been.
//
// A message with a descriptor waits here until its receiver has read what went before, since a read that brings both
// makes Deno lose the handle.
package relay
