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
	select {
	case <-time.After(o.duration - patience):
	case <-ctx.Done():
		return r, ctx.Err()
	}
	r.answered = ask(address)
	r.died = program.Running() != nil
	r.megabytes = measure.Memory(program.PID()) >> 20
	entries, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", program.PID()))
	r.descriptors = len(entries)
	return r, nil
}

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
			fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", address)
			head := make([]byte, len("HTTP/1.1 200"))
			if _, err := io.ReadFull(conn, head); err == nil && strings.HasPrefix(string(head), "HTTP/1.1 200") {
				answered.Add(1)
			}
		})
	}
	asking.Wait()
	return int(answered.Load())
}
