//go:build linux

package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
)

// figures are what came of a turn.
type figures struct {
	PerSecond float64 `json:"connectionsPerSecond"`
	CPU       float64 `json:"cpuMicrosPerConnection"`
	Memory    float64 `json:"memoryMiB"`
	Errors    string  `json:"errors,omitempty"` // that clients saw
}

func (f figures) perSecond() float64 { return f.PerSecond }
func (f figures) cpu() float64       { return f.CPU }
func (f figures) memory() float64    { return f.Memory }

// warmUp is how many seconds of load a contender has before it is measured.
const warmUp = 1

// size is how much there is of what brings connections.
type size struct{ workers, ports int }

// started is a contender that serves in its place.
type started struct {
	server
	place
}

func (s started) end() {
	s.server.end()
	os.RemoveAll(s.folder)
}

// turn starts a contender, loads it and measures.
func (b *bench) turn(ctx context.Context, c contender, n size) (f figures, err error) {
	s, err := b.start(ctx, c, n)
	if err != nil {
		return f, err
	}
	defer s.end()
	wrk, err := b.spread(s.place)
	if err != nil {
		return f, err
	}
	if _, err := b.load(ctx, s.place, warmUp, wrk); err != nil {
		return f, err
	}
	return b.measure(ctx, s, wrk)
}

// start starts a contender, with more variables in its workers' environment, and waits until it serves.
func (b *bench) start(ctx context.Context, c contender, n size, env ...string) (s started, err error) {
	folder, err := os.MkdirTemp(b.folder, c.name)
	if err != nil {
		return s, err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(folder)
		}
	}()
	if s.place, err = b.newPlace(folder, n); err != nil {
		return s, err
	}
	s.env = append(s.env, env...)
	if s.server, err = c.start(b, ctx, s.place); err != nil {
		return s, err
	}
	if err := s.await(s.server, c.asked); err != nil {
		s.server.end()
		return s, err
	}
	return s, nil
}

func (b *bench) newPlace(folder string, n size) (p place, err error) {
	p = place{size: n, folder: folder}
	if p.port, err = measure.FreePorts(n.ports); err != nil {
		return p, err
	}
	p.env = []string{fmt.Sprintf("PORT=%d", p.port), fmt.Sprintf("PORTS=%d", n.ports), "KIND=" + b.options.kind, "READY=" + p.ready()}
	return p, os.Mkdir(p.ready(), 0o700)
}

// ready is the folder in which each worker says that it listens.
func (p place) ready() string { return filepath.Join(p.folder, "ready") }

// await waits until all workers listen, and the port is served. Workers that do not say so are asked.
func (p place) await(s server, asked bool) error {
	if asked {
		return awaitAnswers(p.address(), p.workers, s.running)
	}
	return measure.Await(fmt.Sprintf("server with %d workers", p.workers), func() bool {
		ready, err := os.ReadDir(p.ready())
		if err != nil || len(ready) < p.workers {
			return false
		}
		conn, err := net.Dial("tcp", p.address())
		return err == nil && conn.Close() == nil
	}, s.running)
}

//go:embed testdata/ports.lua
var portsLua []byte

// spread has wrk connect to all ports of a place.
func (b *bench) spread(p place) (wrk measure.WrkScript, err error) {
	if p.ports == 1 {
		return wrk, nil
	}
	wrk.Path = filepath.Join(p.folder, "ports.lua")
	wrk.Arguments = []string{strconv.Itoa(p.port), strconv.Itoa(p.ports)}
	return wrk, os.WriteFile(wrk.Path, portsLua, 0o600)
}

// load opens connections for as many seconds.
func (b *bench) load(ctx context.Context, p place, seconds int, wrk measure.WrkScript) (measure.Load, error) {
	if b.options.addresses > 0 {
		return measure.Clients(ctx, p.address(), seconds, b.options.clients, b.options.addresses)
	}
	return measure.Wrk(ctx, p.address(), seconds, b.options.clients, wrk)
}

// measure loads a server that is warm.
func (b *bench) measure(ctx context.Context, s started, wrk measure.WrkScript) (f figures, err error) {
	before := measure.CPU(s.processes()...)
	load, err := b.load(ctx, s.place, b.options.seconds, wrk)
	if err != nil {
		return f, err
	}
	if load.Requests == 0 {
		return f, errors.New("it answered nothing")
	}
	if err := s.running(); err != nil {
		return f, err
	}
	return figures{
		PerSecond: load.PerSecond,
		CPU:       (measure.CPU(s.processes()...) - before).Seconds() * 1e6 / float64(load.Requests),
		Memory:    float64(measure.Memory(s.processes()...)) / (1 << 20),
		Errors:    load.Errors,
	}, nil
}
