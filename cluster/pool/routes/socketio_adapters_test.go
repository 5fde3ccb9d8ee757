package routes

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
)

// However workers use uids, each is of the first that used it, and what is kept is bounded and goes with the workers.
func TestAdapters(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	workers := []*cluster.Worker{{}, {}, {}}
	a, owners := newAdapters(), map[string]*cluster.Worker{}
	for range 100_000 {
		w, uid := workers[random.IntN(len(workers))], fmt.Sprint(random.IntN(50))
		switch random.IntN(10) {
		case 0:
			for range 2 {
				a.forget(w, uid)
			}
			if owners[uid] == w {
				delete(owners, uid)
			}
		case 1:
			left := a.leave(w)
			for uid, owner := range owners {
				if owner != w {
					continue
				}
				if left[uid] != "/"+uid {
					t.Fatalf("of %q there was %q", uid, left[uid])
				}
				delete(owners, uid)
			}
		default:
			owner := owners[uid]
			if may := a.use(w, uid, "/"+uid); may != (owner == nil || owner == w) {
				t.Fatalf("worker %p may use %q of %p: %v", w, uid, owner, may)
			}
			if owner == nil {
				owners[uid] = w
			}
		}
		if len(a.owners) != len(owners) {
			t.Fatalf("%d uids are owned, want %d", len(a.owners), len(owners))
		}
	}
	for _, w := range workers {
		a.leave(w)
	}
	if len(a.owners)+len(a.of) > 0 {
		t.Errorf("of workers that have left there is %v", a)
	}
}

func TestAdaptersAreBounded(t *testing.T) {
	w, a := &cluster.Worker{}, newAdapters()
	n := 0
	for a.use(w, fmt.Sprint("uid ", n), "/") {
		n++
	}
	if n < 10_000 || a.of[w].size > maxAdapters {
		t.Errorf("%d adapters take %d bytes", n, a.of[w].size)
	}
	a.leave(w)
	if a.use(w, "long", strings.Repeat("x", maxAdapters)) || !a.use(w, "short", "/") || !a.use(w, emitterUID, "/") || a.use(w, "", "/") {
		t.Error("the names do not count")
	}
}
