//go:build unix

package clustertest

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/worker"
)

func init() { Programs["greeter"] = greeter }

// greeter is a worker in Go that listens on $LISTEN, if that is set, and greets who comes.
func greeter() error {
	self, err := worker.Join(context.Background())
	if err != nil {
		return err
	}
	address, listens := os.LookupEnv("LISTEN")
	if !listens {
		<-self.Done()
		return nil
	}
	l, err := self.Listen(self.Context(), "tcp", address)
	if err != nil {
		return err
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			<-self.Done()
			return nil
		}
		go GreetInGo(conn, self.ID())
	}
}

// GreetInGo tells a client which worker it has reached, and waits for the client to hang up.
func GreetInGo(conn net.Conn, id int) {
	defer conn.Close()
	fmt.Fprintln(conn, id)
	io.Copy(io.Discard, conn)
}

// Greeters are workers in Go that listen on a port.
func Greeters(port int) cluster.Settings {
	return cluster.Settings{
		ExecPath: os.Args[0], Env: append(AsProgram("greeter"), fmt.Sprintf("LISTEN=127.0.0.1:%d", port)), SchedulingPolicy: cluster.SchedRR,
	}
}
