package measure

import (
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// connectionsByHost has clients of 300 addresses connect, and counts whence connections have come.
func connectionsByHost(t *testing.T, seconds int) (Load, map[string]int) {
	t.Helper()
	var mu sync.Mutex
	seen := map[string]int{}
	address := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		mu.Lock()
		seen[host]++
		mu.Unlock()
		io.WriteString(w, "hello")
	})
	l, err := Clients(t.Context(), address, seconds, 8, 300)
	if err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	return l, maps.Clone(seen)
}

func TestClientsOfManyAddresses(t *testing.T) {
	nodetest.NoLeaks(t)
	l, seen := connectionsByHost(t, 1)
	// A busy machine takes longer until each address has had a connection.
	for seconds := 2; l.Requests < 300 && seconds <= 32; seconds *= 2 {
		l, seen = connectionsByHost(t, seconds)
	}
	if l.Requests < 300 || l.PerSecond <= 0 || l.Errors != "" {
		t.Fatalf("%+v", l)
	}
	total := 0
	for host, n := range seen {
		total += n
		if !strings.HasPrefix(host, "127.1.") || n < l.Requests/300-1 || n > l.Requests/300+2 {
			t.Errorf("%d of %d connections from %s", n, l.Requests, host)
		}
	}
	// Those that were under way at the end do not count.
	if len(seen) != 300 || total < l.Requests || total > l.Requests+8 {
		t.Errorf("%d connections from %d addresses, of which %d were answered", total, len(seen), l.Requests)
	}
}

func TestClientsThatFail(t *testing.T) {
	nodetest.NoLeaks(t)
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		want    string
	}{
		{"another status", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusBadGateway) }, `the answer "HTTP/1.1 502 `},
		{"no answer", func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }, errNoAnswer.Error()},
	} {
		l, err := Clients(t.Context(), serveHTTP(t, c.handler), 1, 2, 1)
		if err != nil || l.Requests != 0 || !strings.Contains(l.Errors, "connections failed, the last one with: "+c.want) {
			t.Errorf("%s: %+v, %v, want %s", c.name, l, err, c.want)
		}
	}
}

func TestClientsStop(t *testing.T) {
	nodetest.NoLeaks(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	address := serveHTTP(t, func(http.ResponseWriter, *http.Request) {})
	if _, err := Clients(ctx, address, 1000, 2, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want that it was cancelled", err)
	}
	if _, err := Clients(t.Context(), "nowhere", 1, 1, 1); err == nil {
		t.Error("no error for an address that is none")
	}
}
