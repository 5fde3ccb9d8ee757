//go:build linux

package worker_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster/worker"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func init() {
	program("outlive", outlive)
	program("late", listenTooLate)
	program("cancelled", listenCancelled)
	program("twice", bindTwice)
	program("uploads", serveUploads)
	program("deaf", serveWithoutReceiving)
}

// outlive goes on without its primary.
func outlive() error {
	self, err := worker.JoinWith(context.Background(), worker.JoinOptions{OutlivePrimary: true})
	if err != nil {
		return err
	}
	l, err := self.Listen(self.Context(), "tcp", "127.0.0.1:"+os.Getenv("PORT"))
	if err != nil {
		return err
	}
	_, accepting := l.Accept()
	<-self.Context().Done()
	<-self.Done()
	cause := context.Cause(self.Context())
	_, listening := self.Listen(context.Background(), "tcp", "127.0.0.1:0")
	return expected(errors.Is(cause, worker.ErrPrimaryLost) && errors.Is(accepting, net.ErrClosed) &&
		errors.Is(listening, worker.ErrPrimaryLost) && self.State() == worker.StateDisconnected && !self.IsConnected(),
		"the end of the channel", cause, accepting, listening, self.State())
}

// listenTooLate wants to listen once it has been asked to leave.
func listenTooLate() error {
	self, err := worker.Join(context.Background())
	if err != nil {
		return err
	}
	<-self.Context().Done()
	_, err = self.Listen(context.Background(), "tcp", "127.0.0.1:0")
	_, packet := self.ListenPacket(context.Background(), "udp", "127.0.0.1:0")
	<-self.Done()
	return expected(errors.Is(err, worker.ErrAskedToLeave) && errors.Is(packet, worker.ErrAskedToLeave) &&
		self.ExitedAfterDisconnect(), "too late", err, packet)
}

// listenCancelled gives up a server before the primary has answered, and then has it all the same.
func listenCancelled() error {
	self, err := worker.Join(context.Background())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	address := "127.0.0.1:" + os.Getenv("PORT")
	if l, err := self.Listen(ctx, "tcp", address); err == nil {
		l.Close() // the answer was as fast
	} else if !errors.Is(err, context.Canceled) {
		return fmt.Errorf("listen: %w", err)
	}
	if _, err := self.Receive(context.Background()); err != nil {
		return err
	}
	l, err := self.Listen(context.Background(), "tcp", address)
	if err != nil {
		return err
	}
	if err := self.Send(context.Background(), "ready"); err != nil {
		return err
	}
	conn, err := l.Accept()
	if err != nil {
		return err
	}
	fmt.Fprintln(conn, self.ID())
	conn.Close()
	l.Close()
	self.Disconnect()
	<-self.Done()
	return expected(true, "")
}

// bindTwice has two UDP sockets on one address, and leaves both when it is asked to.
func bindTwice() error {
	self, err := worker.Join(context.Background())
	if err != nil {
		return err
	}
	config := worker.ListenConfig{ReuseAddress: true}
	for range 2 {
		conn, err := config.ListenPacket(context.Background(), self, "udp4", "127.0.0.1:"+os.Getenv("PORT"))
		if err != nil {
			return err
		}
		defer conn.Close()
	}
	if err := self.Send(context.Background(), "ready"); err != nil {
		return err
	}
	<-self.Done()
	return nil
}

// serveUploads says when an upload begins, and how it ended.
func serveUploads() error {
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		if err := errors.Join(control.EnableFullDuplex(), control.Flush()); err != nil {
			panic(err)
		}
		n, err := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, n, " bytes, ", err)
	})}
	if err := worker.Serve(context.Background(), server, "tcp", "127.0.0.1:"+os.Getenv("PORT")); err != nil {
		return err
	}
	return expected(true, "")
}

// serveWithoutReceiving never asks for the messages that it is sent.
func serveWithoutReceiving() error {
	self, err := worker.Join(context.Background())
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", clustertest.IdentityHandler(self))
	mux.HandleFunc("/heap", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, nodetest.Heap()) })
	return self.Serve(context.Background(), &http.Server{Handler: mux}, "tcp", "127.0.0.1:"+os.Getenv("PORT"))
}
