//go:build unix

package nodeipc_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os/exec"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
)

func Example() {
	ctx := context.Background()
	cmd := exec.Command("node", "-e", `
		process.on('message', ({ name }) => {
			process.send('hello, ' + name);
			process.disconnect();
		});`)
	child, err := nodeipc.Start(cmd, nodeipc.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer child.Close()
	if err := child.Send(ctx, map[string]string{"name": "Node"}); err != nil {
		log.Fatal(err)
	}
	message, err := child.Receive(ctx)
	if err != nil {
		log.Fatal(err)
	}
	var text string
	if err := message.Decode(&text); err != nil {
		log.Fatal(err)
	}
	status, err := child.Wait()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(text, status)
	// Output: hello, Node code 0
}

// A program that gets many long messages gives their memory back.
func ExampleMessage_Release() {
	ctx := context.Background()
	cmd := exec.Command("node", "-e", `
		let left = 1000;
		const next = () => (left-- > 0 ? process.send('x'.repeat(1e5), next) : process.disconnect());
		next();`)
	child, err := nodeipc.Start(cmd, nodeipc.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer child.Close()
	characters := 0
	for {
		message, err := child.Receive(ctx)
		if errors.Is(err, nodeipc.ErrDisconnected) {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		var text string
		if err := message.Decode(&text); err != nil {
			log.Fatal(err)
		}
		characters += len(text)
		message.Release() // text is of no use any more
	}
	fmt.Println(characters)
	// Output: 100000000
}

// Two Node programs serve one listening socket, which this process has given away.
func Example_server() {
	ctx := context.Background()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server, err := handlewrap.FromListener(listener)
	if err != nil {
		log.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()

	workers := map[string]bool{}
	for range 2 {
		worker, err := nodeipc.Start(exec.Command("node", "testdata/worker.js"), nodeipc.Options{})
		if err != nil {
			log.Fatal(err)
		}
		defer worker.Wait()
		defer worker.Disconnect()
		if err := worker.SendHandleKeepOpen(ctx, "server", server); err != nil {
			log.Fatal(err)
		}
		if _, err := worker.Receive(ctx); err != nil { // it listens
			log.Fatal(err)
		}
		workers[fmt.Sprint(worker.Pid())] = true
	}
	server.Close()

	answered := 0
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for range 10 {
		response, err := client.Get("http://" + address)
		if err != nil {
			log.Fatal(err)
		}
		pid, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err == nil && workers[string(pid)] {
			answered++
		}
	}
	fmt.Println(answered, "of 10 requests were answered by the workers")
	// Output: 10 of 10 requests were answered by the workers
}

// A connection that this process has accepted is served by a Node program.
func ExampleChannel_SendConn() {
	ctx := context.Background()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer listener.Close()
	worker, err := nodeipc.Start(exec.Command("node", "testdata/worker.js"), nodeipc.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer worker.Wait()
	defer worker.Disconnect()
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		if err := worker.SendConn(ctx, "socket", conn); err != nil {
			log.Fatal(err)
		}
	}()
	response, err := http.Get("http://" + listener.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	pid, err := io.ReadAll(response.Body)
	if err != nil {
		log.Fatal(err)
	}
	http.DefaultClient.CloseIdleConnections()
	fmt.Println("answered by the worker:", string(pid) == fmt.Sprint(worker.Pid()))
	// Output: answered by the worker: true
}

// A Go program that a Node program has forked answers its messages.
func ExampleParent() {
	ctx := context.Background()
	parent, err := nodeipc.Parent(nodeipc.Options{})
	if errors.Is(err, nodeipc.ErrNoChannel) {
		fmt.Println("nobody has forked this program")
		return
	}
	if err != nil {
		log.Fatal(err)
	}
	defer parent.Close()
	for {
		message, err := parent.Receive(ctx)
		if err != nil {
			return // ErrDisconnected: the parent wants no more of us
		}
		if message.Handle != nil {
			message.Handle.Close()
		}
		if err := parent.Send(ctx, json.RawMessage(message.Payload())); err != nil {
			log.Fatal(err)
		}
	}
	// Output: nobody has forked this program
}
