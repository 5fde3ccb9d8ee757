//go:build unix

package measure

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// Every tenth request is held until all others have come, and none of those waits for it.
func TestSteadily(t *testing.T) {
	nodetest.NoLeaks(t)
	const total, slow = 200, 20
	var n, quick atomic.Int32
	others, held := make(chan struct{}), make(chan time.Duration, slow)
	address := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1)%(total/slow) != 0 {
			if quick.Add(1) == total-slow {
				close(others)
			}
			return
		}
		began := time.Now()
		select {
		case <-others:
			held <- time.Since(began)
		case <-r.Context().Done():
		}
	})
	s, err := Steadily(t.Context(), address, 1, total)
	if err != nil {
		t.Fatal(err)
	}
	if s.Errors != "" || len(s.took) != total || n.Load() != total || len(held) != slow {
		t.Fatalf("%d of %d requests took their time, %d were held, and clients saw %q", len(s.took), n.Load(), len(held), s.Errors)
	}
	var holds []time.Duration
	for range slow {
		holds = append(holds, <-held)
	}
	slices.Sort(holds)
	for i, hold := range holds {
		if took := s.took[total-slow+i]; took < hold {
			t.Errorf("number %d in length took %v, and the like of it was held for %v", total-slow+i, took, hold)
		}
	}
	if median, most := s.Quantile(0.5), s.Quantile(1); median >= most || most < holds[slow-1] {
		t.Errorf("the median is %v, the most %v", median, most)
	}
	if ninth, tenth := s.Quantile(0.85), s.Quantile(0.95); ninth > tenth || tenth < holds[slow/2] {
		t.Errorf("the quantile 0.85 is %v, 0.95 is %v", ninth, tenth)
	}
}

func TestSteadilyWithFailures(t *testing.T) {
	nodetest.NoLeaks(t)
	var n atomic.Int32
	address := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) == 3 {
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	s, err := Steadily(t.Context(), address, 1, 10)
	if want := `1 of 10 requests failed, the last one with: the answer "HTTP/1.1 502 `; err != nil || len(s.took) != 9 || !strings.HasPrefix(s.Errors, want) {
		t.Errorf("%d requests, %q, %v, want %s", len(s.took), s.Errors, err, want)
	}
	address = serveHTTP(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	if _, err := Steadily(t.Context(), address, 1, 3); !errors.Is(err, errNoAnswer) {
		t.Errorf("%v, want that there was no answer", err)
	}
}

func TestSteadilyStops(t *testing.T) {
	nodetest.NoLeaks(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Steadily(ctx, serveHTTP(t, func(http.ResponseWriter, *http.Request) {}), 1000, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want that it was cancelled", err)
	}
}
