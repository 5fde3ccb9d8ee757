//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
)

const (
	clients  = 20
	patience = 2 * time.Second // of a client
	holdTime = time.Second     // until the attacker has done something with its clients
)

// result is what became of a primary and of its clients.
type result struct {
	answered    int // of the clients
	megabytes   int
	descriptors int
	stopped     time.Duration // from SIGTERM to its end
	died        bool          // during the attack
}

// turn runs a primary with the attacker for a while.
func (o *options) turn(ctx context.Context, p primary, attack string) (r result, err error) {
	address, err := measure.FreeAddress()
	if err != nil {
		return r, err
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return r, err
	}
	limited := append([]string{"/bin/sh", "-c", fmt.Sprintf(`ulimit -n %d; exec "$@"`, o.descriptors), "sh"}, p.command(attack)...)
	program, err := measure.Start(ctx, limited, "PORT="+port, "APP="+o.app, "WORKER="+o.worker, "ATTACK="+attack)
	if err != nil {
		return r, err
	}
	defer func() {
		began := time.Now()
		program.End()
		r.stopped = time.Since(began)
	}()
	// The attack may keep it from that.
	if err := program.AwaitPort(address); err != nil && program.Running() == nil {
		return r, nil
	}
	if err := wait(ctx, o.duration-patience-holdTime); err != nil {
		return r, err
	}
	defer comeAndStay(address)()
	if err := wait(ctx, holdTime); err != nil {
		return r, err
	}
	r.answered = ask(address)
	r.died = program.Running() != nil
	r.megabytes = measure.Memory(program.PID()) >> 20
	entries, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", program.PID()))
	r.descriptors = len(entries)
	return r, nil
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// comeAndStay has clients come that read nothing, and returns how they leave. What the attacker gets of them it can fill.
func comeAndStay(address string) (leave func()) {
	var conns []net.Conn
	for range clients {
		if conn, err := net.DialTimeout("tcp", address, patience); err == nil {
			fmt.Fprintf(conn, request, address)
			conns = append(conns, conn)
		}
	}
	return func() {
		for _, conn := range conns {
			conn.Close()
		}
	}
}

const request = "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n"

// ask has clients come at once, and returns how many are answered in time.
func ask(address string) int {
	var answered atomic.Int32
	var asking sync.WaitGroup
	for range clients {
		asking.Go(func() {
			conn, err := net.DialTimeout("tcp", address, patience)
			if err != nil {
				return
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(patience))
			conn.(*net.TCPConn).SetReadBuffer(4 << 10)
			fmt.Fprintf(conn, request, address)
			head := make([]byte, len("HTTP/1.1 200"))
			if _, err := io.ReadFull(conn, head); err == nil && strings.HasPrefix(string(head), "HTTP/1.1 200") {
				answered.Add(1)
			}
		})
	}
	asking.Wait()
	return int(answered.Load())
}
