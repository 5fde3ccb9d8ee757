//go:build linux

package main

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cmd/internal/measure"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/logs"
)

// ours is a pool in this process, which does nothing else during a turn.
type ours struct {
	log  *logs.Writer
	pool *pool.Pool
}

func startOurs(kind logs.Kind) func(o *options, script, folder string) (running, error) {
	return func(o *options, script, folder string) (running, error) {
		log, err := logs.Open(logs.Options{Kind: kind, Path: filepath.Join(folder, "app.log")})
		if err != nil {
			return nil, err
		}
		settings := cluster.Settings{ExecPath: o.node, Exec: script, Env: []string{o.linesVariable()}}
		workers, err := pool.New(settings, pool.Options{Instances: o.workers, Outputs: log.Output})
		if err != nil {
			log.Close()
			return nil, err
		}
		r := &ours{log, workers}
		if err := workers.Start(); err != nil {
			r.end()
			return nil, err
		}
		return r, nil
	}
}

func (r *ours) look() (turn, error) {
	written, dropped := r.log.Counts()
	var pids []int
	for _, w := range r.pool.Workers() {
		pids = append(pids, w.Pid())
	}
	return turn{
		lines: int(written - min(dropped, written)), keeper: measure.CPU(os.Getpid()), workers: measure.CPU(pids...), memory: measure.Memory(os.Getpid()),
	}, nil
}

func (r *ours) end() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	r.pool.Shutdown(ctx)
	r.pool.Close()
	r.log.Close()
}
