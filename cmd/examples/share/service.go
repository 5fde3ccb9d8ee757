//go:build unix

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// service is something that workers serve.
type service struct {
	name  string
	share func(context.Context, []*nodeipc.Child) error
	ask   func(context.Context) (pid string, err error)
	close func()
}

// open opens what is to be sent.
func open(send string) (*service, error) {
	switch send {
	case "server", "socket":
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		if send == "socket" {
			return socketService(l), nil
		}
		return serverService(l, func() {})
	case "unix":
		return unixService()
	case "udp":
		return udpService()
	}
	return nil, fmt.Errorf("-send %s is not known, want server, socket, udp or unix", send)
}

// serverService gives a listening socket away: nobody but the workers accepts from it.
func serverService(l net.Listener, cleanUp func()) (*service, error) {
	h, err := handlewrap.FromListener(l)
	l.Close()
	if err != nil {
		return nil, err
	}
	return &service{
		name:  fmt.Sprintf("server on %s", l.Addr()),
		share: func(ctx context.Context, workers []*nodeipc.Child) error { return giveToAll(ctx, workers, "server", h) },
		ask:   func(ctx context.Context) (string, error) { return askHTTP(ctx, l.Addr()) },
		close: func() { h.Close(); cleanUp() },
	}, nil
}

func unixService() (*service, error) {
	dir, err := os.MkdirTemp("", "share")
	if err != nil {
		return nil, err
	}
	cleanUp := func() { os.RemoveAll(dir) }
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "socket")})
	if err != nil {
		cleanUp()
		return nil, err
	}
	l.SetUnlinkOnClose(false)
	return serverService(l, cleanUp)
}

func udpService() (*service, error) {
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	h, err := handlewrap.FromPacketConn(c)
	c.Close()
	if err != nil {
		return nil, err
	}
	return &service{
		name:  fmt.Sprintf("UDP socket on %s", c.LocalAddr()),
		share: func(ctx context.Context, workers []*nodeipc.Child) error { return giveToAll(ctx, workers, "udp", h) },
		ask:   func(ctx context.Context) (string, error) { return askUDP(ctx, c.LocalAddr()) },
		close: func() { h.Close() },
	}, nil
}

// socketService accepts, and gives each connection to the next worker.
func socketService(l net.Listener) *service {
	accepting := make(chan struct{})
	close(accepting)
	return &service{
		name: fmt.Sprintf("connections on %s", l.Addr()),
		share: func(ctx context.Context, workers []*nodeipc.Child) error {
			accepting = make(chan struct{})
			go func() {
				defer close(accepting)
				giveConnections(ctx, l, workers)
			}()
			return nil
		},
		ask: func(ctx context.Context) (string, error) { return askHTTP(ctx, l.Addr()) },
		close: func() {
			l.Close()
			<-accepting
		},
	}
}

// giveToAll gives every worker a copy of a handle, and then closes it, so that only they have it.
func giveToAll(ctx context.Context, workers []*nodeipc.Child, message string, h *handlewrap.Handle) error {
	for _, w := range workers {
		if err := w.SendHandleKeepOpen(ctx, message, h); err != nil {
			return err
		}
		if _, err := w.Receive(ctx); err != nil { // "ready"
			return err
		}
	}
	return h.Close()
}

// giveConnections is round-robin scheduling. It ends when the listener is closed.
func giveConnections(ctx context.Context, l net.Listener, workers []*nodeipc.Child) {
	for i := 0; ; i++ {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		if err := workers[i%len(workers)].SendConn(ctx, "socket", conn); err != nil {
			conn.Close()
			fmt.Fprintln(os.Stderr, "share:", err)
		}
	}
}

// askHTTP gives what a GET of / is answered with.
func askHTTP(ctx context.Context, address net.Addr) (string, error) {
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, address.Network(), address.String())
		},
	}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://worker/", nil)
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

// askUDP gives the datagram that answers another.
func askUDP(ctx context.Context, address net.Addr) (string, error) {
	c, err := new(net.Dialer).DialContext(ctx, address.Network(), address.String())
	if err != nil {
		return "", err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.Write([]byte("who are you?")); err != nil {
		return "", err
	}
	answer := make([]byte, 100)
	n, err := c.Read(answer)
	return string(answer[:n]), err
}
