//go:build linux

package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// misdeeds are what a worker may send that no Node process sends, and what becomes of its channel: the error that
// ends it and what stands in it, or nil where what it sends is ignored.
var misdeeds = []struct {
	name string
	only nodeipc.Serialization // what it is done in; empty for both
	want error
	says string
}{
	{"garbage", nodeipc.JSON, nodeipc.ErrProtocol, "not JSON: invalid character"},
	{"garbage in a frame", nodeipc.Advanced, nodeipc.ErrProtocol, "at byte 0"},
	{"nothing", nodeipc.Advanced, nodeipc.ErrProtocol, "at byte 0"},
	{"broken UTF-8", nodeipc.JSON, nil, ""},
	{"broken UTF-8 where no text is", nodeipc.JSON, nodeipc.ErrProtocol, "not JSON"},
	{"half a character", nodeipc.Advanced, nodeipc.ErrProtocol, "at byte"},
	{"a million deep", nodeipc.JSON, nodeipc.ErrProtocol, "exceeded max depth"},
	{"a million deep in advanced", nodeipc.Advanced, nodeipc.ErrProtocol, "nested"},
	{"half a message", "", nil, ""},
	{"endless message", nodeipc.JSON, nodeipc.ErrMessageTooLarge, "67108864 bytes"},
	{"frame of 4 GiB", nodeipc.Advanced, nodeipc.ErrMessageTooLarge, "67108864 bytes"},
	{"ACK for nothing", "", nodeipc.ErrProtocol, "ACK for no handle"},
	{"ACK twice", "", nodeipc.ErrProtocol, "ACK for no handle"},
	{"NACK for nothing", "", nodeipc.ErrProtocol, "ACK for no handle"},
	{"handle without a descriptor", "", nil, ""},
	{"descriptor without a message", "", nil, ""},
	{"64 descriptors at once", "", nil, ""},
	{"answers for nothing", "", nil, ""},
	{"unknown keys", "", nil, ""},
	{"unknown acts", "", nil, ""},
	{"wrong types", "", nodeipc.ErrProtocol, "key"},
	{"flood of queries", "", nodeipc.ErrNotReading, "the peer does not read"},
	{"flood of servers", "", nil, ""},
	{"flood of descriptors", "", nil, ""},
	{"large data", "", nodeipc.ErrProtocol, "data of 10240"},
	{"large query", "", nodeipc.ErrProtocol, "a message of the cluster of 10486"},
	{"long address", "", nodeipc.ErrProtocol, "described in 50"},
	{"long index", "", nodeipc.ErrProtocol, "described in 50"},
	{"large internal messages", "", nil, ""},
	{"deep data", "", nodeipc.ErrProtocol, "nested deeper than 100 levels"},
}

// Workers do every misdeed, one after the other, while another serves HTTP.
func TestHostileWorkers(t *testing.T) {
	for _, s := range []nodeipc.Serialization{nodeipc.JSON, nodeipc.Advanced} {
		t.Run(string(s), func(t *testing.T) {
			nodetest.NoLeaks(t)
			port := clustertest.FreePort(t)
			r := clustertest.NewRig(t, cluster.Settings{
				Exec: filepath.Join("..", "testdata", "apps", "http.js"), ExecPath: nodetest.Default(t).Path, Env: []string{fmt.Sprint("PORT=", port)},
				SchedulingPolicy: cluster.SchedRR, Serialization: s,
			})
			r.ExpectErrors = true
			r.Listening(t, r.MustFork().ID(), port)
			served := serveSteadily(t, port)
			settings := r.Settings()
			settings.Exec, settings.ExecPath, settings.Env = "", os.Args[0], clustertest.AsProgram("hostile")
			for _, m := range misdeeds {
				if m.only != "" && m.only != s {
					continue
				}
				t.Run(m.name, func(t *testing.T) {
					settings.Args = []string{m.name}
					r.Setup(settings)
					w := r.MustFork()
					served(t, 1)
					r.Event(t, "disconnect", w.ID())
					r.Event(t, "exit", w.ID())
					served(t, 3)
					expectErrorOf(t, r.Journal, w.ID(), m.want, m.says)
				})
			}
			expectWorkers(t, r, 1)
		})
	}
}

// serveSteadily lets a client send one request after the other, of which none may fail, and returns a function that waits
// for so many further answers.
func serveSteadily(t *testing.T, port int) (served func(t *testing.T, n int)) {
	answers := make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		for ctx.Err() == nil {
			if err := clustertest.Ask(clustertest.Local(port), time.Now().Add(clustertest.Patience)); err != nil {
				t.Errorf("a request fails: %v", err)
				return
			}
			select {
			case answers <- struct{}{}:
			case <-time.After(10 * time.Millisecond):
			case <-ctx.Done():
			}
		}
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return func(t *testing.T, n int) {
		t.Helper()
		for range n {
			select {
			case <-answers:
			case <-clustertest.Patient(t).Done():
				t.Fatal("no request is answered")
			}
		}
	}
}

// expectErrorOf checks the error that a worker's channel ended with: one line that says whose channel it is, and why.
func expectErrorOf(t *testing.T, j *clustertest.Journal, worker int, want error, says string) {
	t.Helper()
	err := errorOf(j, worker)
	if !errors.Is(err, want) {
		t.Errorf("the channel ended with %v, want %v", err, want)
	}
	if err == nil {
		return
	}
	whose := fmt.Sprintf("cluster: the channel of worker %d: ", worker)
	if text := err.Error(); !strings.HasPrefix(text, whose) || !strings.Contains(text, says) || strings.ContainsAny(text, "\r\n") || len(text) > 300 {
		t.Errorf("the error is not one line that says %q and %q: %q", whose, says, text)
	}
}

// errorOf is what ended a worker's channel, if it was an error. A worker that ends within a message has done nothing
// else wrong.
func errorOf(j *clustertest.Journal, worker int) error {
	for _, o := range j.All() {
		if o.Worker == worker && o.Event == "disconnect" && o.Err != nil && !strings.Contains(o.Err.Error(), "unexpected EOF") {
			return o.Err
		}
	}
	return nil
}
