// Package nodeipc is Node's IPC channel for Go programs: what child_process.fork gives a Node program, at
// either end. A parent starts a child, Node or not, with a channel; a child finds the channel to its parent,
// Node or not. Both send messages, which are anything that JSON can say, or V8's structured clone format where
// [Options].Serialization is [Advanced], and handles: servers, connections and UDP sockets, which then belong to the
// other process.
//
//	cmd := exec.Command("node", "-e", `
//		process.on('message', ({ name }) => {
//			process.send('hello, ' + name);
//			process.disconnect();
//		});`)
//	child, err := nodeipc.Start(cmd, nodeipc.Options{})
//	if err != nil {
//		log.Fatal(err)
//	}
//	defer child.Close()
//	if err := child.Send(ctx, map[string]string{"name": "Node"}); err != nil {
//		log.Fatal(err)
//	}
//	message, err := child.Receive(ctx)
//	if err != nil {
//		log.Fatal(err)
//	}
//	var text string
//	if err := message.Decode(&text); err != nil {
//		log.Fatal(err)
//	}
//	status, err := child.Wait()
//	if err != nil {
//		log.Fatal(err)
//	}
//	fmt.Println(text, status)
//
// A channel holds to Node's rules: messages arrive in order, and what is sent after a handle waits until the
// peer has acknowledged it; a handle that did not arrive is sent again, three times at most; Disconnect lets
// go out first what was sent before. It does not trust its peer: what is not Node's protocol ends the channel
// with an error, and what waits for a peer that does not read, or for a reader here, is bounded.
//
// Ownership of a descriptor is in the type: a [handlewrap.Handle] that was sent is the channel's, one that was
// received is the receiver's, and a descriptor that came with a message which has no use for it is closed.
//
// Messages in JSON lose in Go what they lose in JavaScript only in one point: a lone surrogate has no place
// in a Go string. It survives in a json.RawMessage. Package structuredclone says what becomes of the values of an
// advanced message.
package nodeipc
