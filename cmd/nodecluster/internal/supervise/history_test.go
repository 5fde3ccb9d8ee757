package supervise

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nodecluster/nodecluster/cluster/pool"
)

// Workers that are replaced are counted by why, and only once they are replaced.
func TestReplacementsAreCountedByCause(t *testing.T) {
	var h history
	want := map[string]int{}
	for _, cause := range []pool.Cause{
		pool.CauseMemory, pool.CauseLifetime, pool.CauseConnections, pool.CauseStartup, pool.CauseLiveness, pool.CauseLag, pool.CauseGuard, pool.CauseGuard,
	} {
		for _, step := range []pool.Step{pool.Begun, pool.SuccessorReady, pool.Replaced, pool.Ended} {
			h.take(pool.Progress{Change: "replace", Cause: cause, Reason: "so", Step: step}, 1)
		}
		want[string(cause)]++
	}
	for _, step := range []pool.Step{pool.Begun, pool.Replaced, pool.Ended} {
		h.take(pool.Progress{Change: "reload", Step: step, Instance: -1}, 1)
	}
	h.take(pool.Progress{Change: "replace", Cause: pool.CauseLag, Step: pool.Begun}, 1)
	h.take(pool.Progress{Change: "replace", Cause: pool.CauseLag, Step: pool.Failed, Err: pool.ErrReloading}, 1)
	restarts, reloads := h.counts()
	if diff := cmp.Diff(want, restarts); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]int{"done": 1}, reloads); diff != "" {
		t.Error(diff)
	}
}
