package pool_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// keyLoad are clients that open a connection for each request, each with a key of its own.
type keyLoad struct {
	t       *testing.T
	url     string
	client  *http.Client
	answers atomic.Int64
}

// ask asks with a key and returns the worker that has answered.
func (l *keyLoad) ask(key int) (worker int) {
	request, err := http.NewRequest("GET", l.url, nil)
	if err != nil {
		l.t.Error(err)
		return 0
	}
	request.Header.Set("X-Forwarded-For", fmt.Sprintf("10.0.0.%d, 10.1.1.1", key))
	response, err := l.client.Do(request)
	if err != nil {
		l.t.Error(err)
		return 0
	}
	defer response.Body.Close()
	var answer struct{ Worker int }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		l.t.Error(err)
	}
	l.answers.Add(1)
	return answer.Worker
}

// whose returns the workers of n keys.
func (l *keyLoad) whose(n int) (workers []int) {
	for key := range n {
		workers = append(workers, l.ask(key))
	}
	return workers
}

// A reload under load loses no client, and a successor has all the keys of the worker before it, and no other.
func TestReloadWithStickyKey(t *testing.T) {
	nodetest.NoLeaks(t)
	app, err := filepath.Abs(filepath.Join("..", "..", "testdata", "apps", "http.js"))
	if err != nil {
		t.Fatal(err)
	}
	port := nodetest.FreePort(t)
	p := newPool(t, cluster.Settings{
		Exec: app, ExecPath: nodetest.Default(t).Path, Env: []string{"PORT=" + strconv.Itoa(port)},
		StickyKey: cluster.StickyHeader("X-Forwarded-For"),
	}, pool.Options{Instances: 3})
	listening := p.Subscribe(cluster.ListeningEvent{})
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := listening.Next(clustertest.Patient(t)); err != nil {
			t.Fatal(err)
		}
	}
	listening.Close()
	transport := &http.Transport{DisableKeepAlives: true}
	load := &keyLoad{t: t, url: fmt.Sprintf("http://127.0.0.1:%d/", port), client: &http.Client{Transport: transport, Timeout: clustertest.Patience}}
	const keys = 60
	before := load.whose(keys)
	var running sync.WaitGroup
	over := make(chan struct{})
	for client := range 16 {
		running.Go(func() {
			for key := client; ; key++ {
				select {
				case <-over:
					return
				default:
					load.ask(key % 250)
				}
			}
		})
	}
	for range 3 {
		_, err := p.Reload(clustertest.Patient(t), pool.ReloadOptions{Bake: -1})
		expectDone(t, "reload", err)
	}
	close(over)
	running.Wait()
	successor := map[int]int{}
	for key, now := range load.whose(keys) {
		was := before[key]
		if successor[was] == 0 {
			successor[was] = now
		}
		if successor[was] != now || now <= 3 {
			t.Errorf("key %d moves from worker %d to %d, and others of that to %d", key, was, now, successor[was])
		}
	}
	if len(successor) != 3 {
		t.Errorf("the keys are with %d workers, want 3: %v", len(successor), successor)
	}
	t.Logf("%d answers", load.answers.Load())
}
