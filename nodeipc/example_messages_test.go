//go:build unix

package nodeipc_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math/big"
	"os"
	"os/exec"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc"
)

// A function takes the messages, one after the other.
func ExampleOptions_onMessage() {
	cmd := exec.Command("node", "-e", `
		for (const n of [1, 2, 3]) process.send(n);
		process.disconnect();`)
	sum := 0
	child, err := nodeipc.Start(cmd, nodeipc.Options{OnMessage: func(m nodeipc.Message) {
		var n int
		if err := m.Decode(&n); err != nil {
			log.Fatal(err)
		}
		sum += n
	}})
	if err != nil {
		log.Fatal(err)
	}
	status, err := child.Wait() // after which no message comes
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(sum, status)
	// Output: 6 code 0
}

// In V8's format a bigint, a Date and a Map arrive as what they are.
func ExampleOptions_advanced() {
	ctx := context.Background()
	cmd := exec.Command("node", "-e", `
		process.on('message', ({ id, at, stock }) => {
			process.send({ id: id * 2n, at: new Date(at.getTime() + 60_000), stock: new Map([['pear', stock.apple + 1]]) });
			process.disconnect();
		});`)
	child, err := nodeipc.Start(cmd, nodeipc.Options{Serialization: nodeipc.Advanced})
	if err != nil {
		log.Fatal(err)
	}
	defer child.Wait()
	type order struct {
		ID    *big.Int       `json:"id"`
		At    time.Time      `json:"at"`
		Stock map[string]int `json:"stock"`
	}
	sent := order{
		ID:    new(big.Int).Lsh(big.NewInt(1), 80),
		At:    time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC),
		Stock: map[string]int{"apple": 3},
	}
	if err := child.Send(ctx, sent); err != nil {
		log.Fatal(err)
	}
	message, err := child.Receive(ctx)
	if err != nil {
		log.Fatal(err)
	}
	var received order
	if err := message.Decode(&received); err != nil {
		log.Fatal(err)
	}
	fmt.Println(received.ID, received.At.Format(time.TimeOnly), received.Stock)
	// Output: 2417851639229258349412352 00:01:00 map[pear:4]
}

// A Node program answers requests, one of them with an error.
func ExampleChannel_Request() {
	ctx := context.Background()
	cmd := exec.Command("node", "-e", `
		process.on('message', ({ cmd, id, body }) => {
			if (cmd !== 'nodecluster:request') return;
			const answer = body >= 0 ? { body: Math.sqrt(body) } : { error: body + ' has no root' };
			process.send({ cmd: 'nodecluster:response', id, ...answer });
		});`)
	child, err := nodeipc.Start(cmd, nodeipc.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer child.Wait()
	defer child.Disconnect()
	for _, n := range []int{9, -9} {
		response, err := child.Request(ctx, n)
		var failed *nodeipc.ResponseError
		if errors.As(err, &failed) {
			fmt.Println("error:", failed.Text)
			continue
		}
		if err != nil {
			log.Fatal(err)
		}
		var root float64
		if err := response.Decode(&root); err != nil {
			log.Fatal(err)
		}
		fmt.Println(root)
	}
	// Output:
	// 3
	// error: -9 has no root
}

// A Node program asks, and gets its answer.
func ExampleMessage_Respond() {
	ctx := context.Background()
	cmd := exec.Command("node", "-e", `
		process.on('message', ({ cmd, id, body }) => {
			if (cmd !== 'nodecluster:response') return;
			console.log('the answer to request', id, 'is', body);
			process.disconnect();
		});
		process.send({ cmd: 'nodecluster:request', id: 1, body: 'What is your name?' });`)
	cmd.Stdout = os.Stdout
	child, err := nodeipc.Start(cmd, nodeipc.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer child.Wait()
	message, err := child.Receive(ctx)
	if err != nil {
		log.Fatal(err)
	}
	var question string
	if err := message.Decode(&question); err != nil {
		log.Fatal(err)
	}
	if message.IsRequest() && question == "What is your name?" {
		if err := message.Respond(ctx, "Go"); err != nil {
			log.Fatal(err)
		}
	}
	// Output: the answer to request 1 is Go
}
