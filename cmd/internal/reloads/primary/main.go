// Command primary is a pool for the measurement of reloads. It has few workers, and scales at SIGHUP: to many and to few in turns. What
// happens it writes to standard error as nodecluster run does in JSON: listening, scaled, error.
//
//	primary POLICY FEW MANY [--node NODE] PROGRAM
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	if err := run(os.Args[1:], log); err != nil {
		log.Error("error", "error", err.Error())
		os.Exit(1)
	}
}

func run(args []string, log *slog.Logger) error {
	settings, sizes, err := parse(args)
	if err != nil {
		return err
	}
	hangups, ends := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	signal.Notify(ends, syscall.SIGINT, syscall.SIGTERM)
	workers, err := pool.New(settings, pool.Options{Instances: sizes[0]})
	if err != nil {
		return err
	}
	var telling sync.WaitGroup
	defer telling.Wait()
	defer workers.Close()
	events := workers.Subscribe(cluster.ListeningEvent{}, cluster.ErrorEvent{})
	telling.Go(func() { tell(events, log) })
	if err := workers.Start(); err != nil {
		return err
	}
	for next := 1; ; next = 1 - next {
		select {
		case <-hangups:
			if err := workers.Scale(context.Background(), sizes[next]); err != nil {
				return err
			}
			log.Info("scaled")
		case <-ends:
			workers.Shutdown(context.Background())
			return nil
		case <-workers.Done():
			return workers.Err()
		}
	}
}

// parse reads what to run, and how many workers there are to be.
func parse(args []string) (settings cluster.Settings, sizes [2]int, err error) {
	if len(args) != 4 && (len(args) != 6 || args[3] != "--node") {
		return settings, sizes, fmt.Errorf("use primary POLICY FEW MANY [--node NODE] PROGRAM")
	}
	settings.SchedulingPolicy = cluster.SchedulingPolicy(args[0])
	for i := range sizes {
		if sizes[i], err = strconv.Atoi(args[1+i]); err != nil {
			return settings, sizes, fmt.Errorf("how many workers: %w", err)
		}
	}
	if settings.ExecPath = args[3]; len(args) == 6 {
		settings.ExecPath, settings.Exec = args[4], args[5]
	}
	return settings, sizes, nil
}

// tell writes events until the pool has ended.
func tell(events *cluster.Subscription, log *slog.Logger) {
	for {
		event, err := events.Next(context.Background())
		if err != nil {
			return
		}
		switch e := event.(type) {
		case cluster.ListeningEvent:
			log.Info("listening")
		case cluster.ErrorEvent:
			log.Warn("trouble", "error", e.Err.Error())
		}
	}
}
