// Package nodeipc is Node's IPC channel for Go programs: what child_process.fork gives a Node program, at either end. A parent starts
// a child with a channel, and a child opens the channel to its parent. The other process may be a Node program or any other. Both send
// messages, in JSON or in V8's structured clone format ([Options].Serialization), and handles: servers, connections and UDP sockets,
// which then belong to the other process.
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
// A channel follows Node's rules. Messages arrive in order. What is sent after a handle waits until the peer has acknowledged the
// handle, and a handle that did not arrive is sent again, three times at most. Disconnect lets go out first what was sent before.
// The peer is not trusted: what is not Node's protocol ends the channel with an error, and what waits for a peer that does not read,
// or for a reader in this process, is bounded.
//
// Messages are taken with [Channel.Receive], or by a function, [Options].OnMessage. [Channel.Request] sends a message and waits for
// the peer's response, and [Message.Respond] answers such a message.
//
// A descriptor belongs to the [handlewrap.Handle] that holds it. A handle that was sent belongs to the channel, and one that was
// received to the receiver. A descriptor that came with a message which has no use for it is closed.
//
// In JSON a lone surrogate, which no Go string holds, survives only in a json.RawMessage. Package structuredclone says what becomes
// of the values of an advanced message.
package nodeipc
