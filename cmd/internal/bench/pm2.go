//go:build linux

package main

import (
	"context"
	"fmt"

	"github.com/nodecluster/nodecluster/cmd/internal/pm2"
)

// fetchPM2 has PM2 fetched.
func (b *bench) fetchPM2(ctx context.Context) (err error) {
	b.pm2, err = pm2.Fetch(ctx, b.options.getPM2)
	return err
}

// pm2Server is PM2's daemon.
type pm2Server struct{ *pm2.Daemon }

func (s pm2Server) processes() []int { return []int{s.PID()} }
func (s pm2Server) running() error   { return s.Running() }
func (s pm2Server) end()             { s.End() }

func (b *bench) startPM2(_ context.Context, p place) (server, error) {
	daemon, err := pm2.Start(b.options.node, b.pm2, p.folder, p.env, b.scripts.Worker, "-i", fmt.Sprint(p.workers))
	if err != nil {
		return nil, err
	}
	return pm2Server{daemon}, nil
}
