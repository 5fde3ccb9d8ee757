package eventlog

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// lines is a log of which a test takes the lines.
type lines struct{ written chan string }

func (l *lines) Write(line []byte) (int, error) {
	l.written <- string(line)
	return len(line), nil
}

// What was counted is told of while the worker lives, though nothing else happens.
func TestCountsAreToldOfInTime(t *testing.T) {
	nodetest.NoLeaks(t)
	script := nodetest.Script(t, "three.js", "for (let i = 0; i < 3; i++) process.send(i); process.on('message', () => {});")
	workers, err := pool.New(
		cluster.Settings{Exec: script, ExecPath: nodetest.Default(t).Path}, pool.Options{Instances: 1, Restart: pool.RestartNever})
	if err != nil {
		t.Fatal(err)
	}
	defer workers.Close()
	out := &lines{written: make(chan string, 16)}
	log := New(out, Text, Info, nil)
	log.messages.further.interval = time.Millisecond
	defer log.Close()
	var following sync.WaitGroup
	following.Go(func() { log.Follow(workers, func(cluster.Event) {}) })
	if err := workers.Start(); err != nil {
		t.Fatal(err)
	}
	for further, ctx := 0, nodetest.Context(t); further < 2; {
		select {
		case line := <-out.written:
			var n int
			if _, after, ok := strings.Cut(line, "sent "); ok && strings.Contains(after, "further") {
				fmt.Sscan(after, &n)
			}
			further += n
		case <-ctx.Done():
			t.Fatal("nothing is said of two further messages")
		}
	}
	workers.Close()
	following.Wait()
}
