package pool

import (
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
)

// Whether a successor has to say that it runs may be known only when the worker beside it has not said it for a while: it is looked at then.
func TestDueTrialOfWhatSaysNothing(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]struct {
		tenant tenant
		next   stage
		after  time.Duration // of the start of the worker beside it
		due    time.Duration // from now
		want   bool          // it has to say it
	}{
		"the worker has said it":          {tenant{online: true}, starting, time.Minute, time.Hour, true},
		"the worker may say it yet":       {tenant{}, starting, startUp - time.Second, time.Second, true},
		"the worker has not said it":      {tenant{}, starting, startUp, time.Hour, false},
		"the successor is ready anyway":   {tenant{}, proving, startUp - time.Second, time.Hour, true},
		"the successor is to be sooner":   {tenant{}, starting, startUp - 2*time.Hour, time.Hour, true},
		"there is no worker but that one": {tenant{online: true}, starting, 0, time.Hour, true},
	} {
		p := &Pool{}
		c.tenant.worker, c.tenant.since = &cluster.Worker{}, now.Add(-c.after)
		place := &place{tenant: c.tenant, next: c.next, trial: &trial{due: now.Add(time.Hour)}}
		p.places = append(p.places, place)
		if got := p.dueTrial(place).Sub(now).Round(time.Second); got != c.due {
			t.Errorf("%s: it is looked at after %v, want %v", name, got, c.due)
		}
		if got := p.expectsOnline(place); got != c.want {
			t.Errorf("%s: it is to say that it runs: %v, want %v", name, got, c.want)
		}
	}
}
