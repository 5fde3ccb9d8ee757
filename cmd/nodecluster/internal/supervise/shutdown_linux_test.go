package supervise

import (
	"errors"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// standing is a balancer that stands still, and the primary's loop with it.
type standing struct {
	once            sync.Once
	called, release chan struct{}
}

func (b *standing) Join(*cluster.Target)    {}
func (b *standing) Leave(*cluster.Target)   {}
func (b *standing) Changed(*cluster.Target) {}

func (b *standing) Next(cluster.Connection) *cluster.Target {
	b.once.Do(func() { close(b.called) })
	<-b.release
	return nil
}

// A second signal ends the workers and the program, although the primary's loop stands still.
func TestSecondSignalBesideTheLoop(t *testing.T) {
	nodetest.NoLeaks(t)
	b := &standing{called: make(chan struct{}), release: make(chan struct{})}
	port := nodetest.FreePort(t)
	workers, err := pool.New(cluster.Settings{
		Exec: nodetest.Script(t, "http.js", "require('http').createServer((request, response) => response.end()).listen(process.env.PORT)"), ExecPath: nodetest.Default(t).Path, Env: []string{"PORT=" + strconv.Itoa(port)},
		NewBalancer: func(cluster.Address) cluster.Balancer { return b },
	}, pool.Options{Instances: 1, KillTimeout: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	listening := workers.Subscribe(cluster.ListeningEvent{})
	defer listening.Close()
	if err := workers.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := listening.Next(nodetest.Context(t)); err != nil {
		t.Fatal(err)
	}
	pid := workers.Workers()[0].Pid()
	client, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(port))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	<-b.called
	signals, ended := make(chan os.Signal), make(chan error)
	go func() { ended <- shutDown(workers, signals, 0) }()
	for again := time.NewTicker(100 * time.Millisecond); ; {
		select {
		case <-again.C:
			select {
			case signals <- syscall.SIGTERM:
			default: // it waits for the workers' ends
			}
			continue
		case err = <-ended:
			again.Stop()
		}
		break
	}
	if !errors.Is(err, errStuck) {
		t.Errorf("%v, want %v", err, errStuck)
	}
	for deadline := time.Now().Add(nodetest.Patience); !isGone(pid); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the worker has not ended")
		}
	}
	close(b.release)
	workers.Close()
}

// isGone reports whether a process has ended, reaped or not.
func isGone(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	_, after, _ := strings.Cut(string(stat), ") ")
	return err != nil || strings.HasPrefix(after, "Z") || strings.HasPrefix(after, "X")
}
