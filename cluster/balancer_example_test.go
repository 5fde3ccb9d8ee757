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
type favourite struct{ members []*cluster.Member }

func (f *favourite) Join(m *cluster.Member) { f.members = append(f.members, m) }

func (f *favourite) Leave(gone *cluster.Member) {
	for i, m := range f.members {
		if m == gone {
			f.members = append(f.members[:i], f.members[i+1:]...)
			return
		}
	}
}

func (f *favourite) Changed(*cluster.Member) {}

func (f *favourite) Next(cluster.Connection) *cluster.Member {
	for _, m := range f.members {
		if m.Available() {
			return m
		}
	}
	return nil
}

func ExampleBalancer() {
	primary, err := cluster.NewPrimary(cluster.Settings{
		Exec:        "testdata/hello.js",
		NewBalancer: func() cluster.Balancer { return &favourite{} },
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
