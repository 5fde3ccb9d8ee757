//go:build unix

package pool

import (
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
)

// The worker is replaced that has grown the most beyond a new one of its program, and none that has hardly grown.
func TestLargestWorker(t *testing.T) {
	p := &Pool{options: Options{WorkerMemory: 100}}
	for _, c := range []struct {
		name  string
		fresh map[int]int64
		sizes []sized
		want  int // in sizes, -1 if none
	}{
		{"none runs", nil, nil, -1},
		{"one has grown", map[int]int64{0: 20}, []sized{{size: 25}, {size: 31}}, 1},
		{"none has grown by half", map[int]int64{0: 20}, []sized{{size: 30}, {size: 29}}, -1},
		{"all have", map[int]int64{0: 20}, []sized{{size: 80}, {size: 90}, {size: 85}}, 1},
		{"another program is larger by itself", map[int]int64{0: 20, 1: 90}, []sized{{size: 50}, {resident{program: 1}, 100}}, 0},
		{"another program has grown more", map[int]int64{0: 20, 1: 90}, []sized{{size: 50}, {resident{program: 1}, 140}}, 1},
		{"no new one was seen", map[int]int64{}, []sized{{size: 150}, {size: 140}}, -1},
		{"no new one was seen, but one needs more than is said", map[int]int64{}, []sized{{size: 150}, {size: 151}}, 1},
	} {
		g := &guard{Pool: p, fresh: c.fresh}
		got, ok := g.largest(c.sizes)
		switch {
		case ok != (c.want >= 0):
			t.Errorf("%s: there is one: %v", c.name, ok)
		case ok && got != c.sizes[c.want]:
			t.Errorf("%s: it is %+v, want %+v", c.name, got, c.sizes[c.want])
		}
	}
}

// Where there is no room for two, the worker has ended before its successor comes, and what it listens on stays open.
func TestReplaceOldFirst(t *testing.T) {
	p := startInternal(t, listens, Options{Instances: 2, KillTimeout: time.Second})
	lives := p.Subscribe(cluster.ForkEvent{}, cluster.ExitEvent{})
	defer lives.Close()
	ctx := clustertest.Patient(t)
	old := p.Worker(2)
	if err := p.replaceOldFirst(ctx, old, CauseGuard, "it is large"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{2, 3} {
		event, err := lives.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		exit, isExit := event.(cluster.ExitEvent)
		fork, _ := event.(cluster.ForkEvent)
		if isExit && exit.Worker.ID() != want || !isExit && fork.Worker.ID() != want || isExit != (want == 2) {
			t.Errorf("there is %+v, want the end of worker 2 and then worker 3", event)
		}
	}
	if p.primary.Settings().HoldWhenLeaving {
		t.Error("what workers listen on is held for ever")
	}
	if err := p.replaceOldFirst(ctx, old, CauseGuard, "it is large"); err != nil { // which has no place any more
		t.Error(err)
	}
	if w := p.Workers(); len(w) != 2 || w[0].ID() != 1 || w[1].ID() != 3 {
		t.Errorf("the workers are %v", w)
	}
}
