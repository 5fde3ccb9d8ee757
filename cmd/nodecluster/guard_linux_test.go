package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// leaking is a server that keeps as many MiB outside of its heap as a request says, as a leak of buffers does. The limit of the heap says
// nothing of that. It starts as slowly as its environment says.
const leaking = `
	const kept = [];
	Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(process.env.BOOT));
	require('http').createServer((request, response) => {
		kept.push(Buffer.alloc(request.url.slice(1) << 20, 1));
		response.end(JSON.stringify({ pid: process.pid }));
	}).listen(process.env.PORT);`

// Workers that leak are replaced before the memory of a container is used up: the kernel ends none, and no request is lost. It takes the time in
// which memory leaks.
func TestLeaksInAContainer(t *testing.T) {
	leaks := 2
	if nodetest.All() {
		leaks = 5
	}
	const reason = ` % of the memory limit of 512 MiB are in use( \([0-9]+ MiB/s more\))?, of which it has the most, [0-9]+ MiB$`
	t.Run("10 MiB a second", func(t *testing.T) {
		leakInAContainer(t, leaks, 100*time.Millisecond, 0, "^9[0-9]"+reason)
	})
	t.Run("25 MiB a second, and successors that start slowly", func(t *testing.T) {
		if !nodetest.All() {
			t.Skip("takes seconds, and the guard's model has it too: scripts/test --all does it")
		}
		leakInAContainer(t, leaks, 40*time.Millisecond, 2*time.Second, "^[89][0-9]"+reason)
	})
}

// leakInAContainer has a MiB leak after each pause, as soon as that matters.
func leakInAContainer(t *testing.T, leaks int, pause, boot time.Duration, reason string) {
	group := nodetest.NewCgroup(t, map[string]string{"memory.limit_in_bytes": "512M"})
	port := nodetest.FreePort(t)
	env := append(portVariable(port), fmt.Sprintf("BOOT=%d", boot.Milliseconds()))
	cmd := runCommand(t, env, "-i", "2", nodetest.Script(t, "leaking.js", leaking))
	group.Contain(cmd)
	p := launchCommand(t, cmd)
	p.await("listening", 2)
	clients := startClients(t, port, 4)
	peak := 0
	for len(p.events("replaced")) < leaks {
		used := usedIn(t, group)
		if peak = max(peak, used); used < 360<<20 {
			clients.count(get(port, "/8"))
		} else {
			clients.count(get(port, "/1"))
			time.Sleep(pause) // which is how fast memory leaks
		}
		if control := group.Read("memory.oom_control"); !strings.Contains(control, "oom_kill 0\n") {
			t.Fatalf("the kernel has ended processes: %q", control)
		}
	}
	clients.stop()
	for _, e := range p.events("replace") {
		if !regexp.MustCompile(reason).MatchString(e.Reason) {
			t.Errorf("a worker is replaced because %q", e.Reason)
		}
	}
	t.Logf("%d workers were replaced, %d requests answered, and %d MiB were in use at most; the last reason is %q",
		len(p.events("replaced")), clients.answered, peak>>20, p.events("replace")[leaks-1].Reason)
	p.stop()
}

// usedIn is how much memory is in use in a group, without the page cache.
func usedIn(t *testing.T, group *nodetest.Cgroup) (bytes int) {
	t.Helper()
	for line := range strings.Lines(group.Read("memory.stat")) {
		if name, value, _ := strings.Cut(strings.TrimSpace(line), " "); name == "total_rss" || name == "total_shmem" {
			n, err := strconv.Atoi(value)
			if err != nil {
				t.Fatal(err)
			}
			bytes += n
		}
	}
	return bytes
}

// clients make one request after the other, each on a connection of its own, with a pause that leaves the machine to others. Each that fails
// fails the test.
type clients struct {
	t        *testing.T
	ending   chan struct{}
	end      sync.Once
	running  sync.WaitGroup
	mu       sync.Mutex
	answered int
}

func startClients(t *testing.T, port, n int) *clients {
	c := &clients{t: t, ending: make(chan struct{})}
	t.Cleanup(c.stop)
	for range n {
		c.running.Go(func() {
			for {
				select {
				case <-c.ending:
					return
				case <-time.After(20 * time.Millisecond):
					c.count(get(port, "/0"))
				}
			}
		})
	}
	return c
}

func (c *clients) stop() {
	c.end.Do(func() { close(c.ending) })
	c.running.Wait()
}

func (c *clients) count(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.answered++; err != nil {
		c.answered--
		c.t.Errorf("a request failed: %v", err)
	}
}

// get makes a request on a connection of its own.
func get(port int, path string) error {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	response, err := client.Get(fmt.Sprint("http://", localhost(port), path))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	return json.NewDecoder(response.Body).Decode(&whoami{})
}
