//go:build unix

package cluster_test

import (
	"context"
	"fmt"
	"log"

	"github.com/nodecluster/nodecluster/cluster"
)

// favourite is a policy of one's own: all connections go to one worker, and the others are there in case it has too many
// on their way.
type favourite struct{ targets []*cluster.Target }

func (f *favourite) Join(target *cluster.Target) { f.targets = append(f.targets, target) }

func (f *favourite) Leave(gone *cluster.Target) {
	for i, target := range f.targets {
		if target == gone {
			f.targets = append(f.targets[:i], f.targets[i+1:]...)
			return
		}
	}
}

func (f *favourite) Changed(*cluster.Target) {}

func (f *favourite) Next(cluster.Connection) *cluster.Target {
	for _, target := range f.targets {
		if target.Available() {
			return target
		}
	}
	return nil
}

func ExampleBalancer() {
	primary, err := cluster.NewPrimary(cluster.Settings{
		Exec:        "testdata/hello.js",
		NewBalancer: func(cluster.Address) cluster.Balancer { return &favourite{} },
	})
	if err != nil {
		log.Fatal(err)
	}
	defer primary.Close()
	if _, err := primary.Fork(); err != nil {
		log.Fatal(err)
	}
	listening := 0
	for event := range primary.Events(context.Background()) {
		e, ok := event.(cluster.ListeningEvent)
		if !ok {
			continue
		}
		if listening++; listening == 1 {
			primary.Fork() // joins second
			continue
		}
		for range 3 {
			get(e.Address.Port)
		}
		break
	}
	fmt.Println("done")
	// Output:
	// hello from worker 1
	// hello from worker 1
	// hello from worker 1
	// done
}
