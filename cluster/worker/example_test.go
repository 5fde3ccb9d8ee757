//go:build linux

package worker_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/nodecluster/nodecluster/cluster/worker"
)

func ExampleServe() {
	// Most programs have a context of signal.NotifyContext.
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "hello") })
	if err := worker.Serve(ctx, &http.Server{Handler: handler}, "tcp", "127.0.0.1:0"); err != nil {
		log.Fatal(err)
	}
	fmt.Println("all requests are finished")
	// Output: all requests are finished
}

// With port 0, the server tells where it listens.
func ExampleServeWith() {
	ctx, cancel := context.WithCancel(context.Background())
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello") })
	options := worker.ServeOptions{
		ShutdownTimeout: 3 * time.Second,
		OnListen: func(address net.Addr) {
			go func() {
				defer cancel()
				response, err := http.Get("http://" + address.String())
				if err != nil {
					log.Fatal(err)
				}
				defer response.Body.Close()
				text, err := io.ReadAll(response.Body)
				fmt.Println(string(text), err)
			}()
		},
	}
	if err := worker.ServeWith(ctx, &http.Server{Handler: handler}, "tcp", "127.0.0.1:0", options); err != nil {
		log.Fatal(err)
	}
	// Output: hello <nil>
}

// A server that accepts its connections itself closes its listener when the worker has to leave, and waits for Done.
func ExampleListenConfig() {
	p, err := worker.Join(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	config := worker.ListenConfig{MaxConnections: 1000}
	l, err := config.Listen(context.Background(), p, "tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	context.AfterFunc(p.Context(), func() { l.Close() })
	go func() {
		defer p.Disconnect() // or the primary asks for it
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			log.Fatal(err)
		}
		defer conn.Close()
		text, err := io.ReadAll(conn)
		fmt.Println(string(text), err)
	}()
	for {
		conn, err := l.Accept()
		if err != nil {
			break
		}
		go func() {
			defer conn.Close()
			fmt.Fprint(conn, "hello")
		}()
	}
	<-p.Done()
	fmt.Println(p.State())
	// Output:
	// hello <nil>
	// disconnected
}

// http.Server.Shutdown, as net/http documents it, ends when the worker has to leave.
func ExampleProcess_Context() {
	p, err := worker.Join(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	l, err := p.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	var server http.Server
	finished := make(chan error, 1)
	context.AfterFunc(p.Context(), func() { finished <- server.Shutdown(context.Background()) })
	time.AfterFunc(50*time.Millisecond, p.Disconnect) // or the primary asks for it
	if err := server.Serve(l); err != http.ErrServerClosed {
		log.Fatal(err)
	}
	fmt.Println(<-finished)
	<-p.Done()
	fmt.Println(context.Cause(p.Context()))
	// Output:
	// <nil>
	// the worker was asked to leave
}
