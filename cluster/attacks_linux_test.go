package cluster_test

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/attack"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// Of the clients that come during an attack the attacker gets its share.
const (
	clientsDuringAttack = 40
	answersDuringAttack = 10
)

// maxClosing is how long the end of the primary may take. The attackers' connections linger for a day.
const maxClosing = 10 * time.Second

// attackedPolicies are all where all runtimes are tested, and otherwise the default one, since the attacks take a while.
func attackedPolicies() []cluster.SchedulingPolicy {
	if nodetest.All() {
		return cluster.SchedulingPolicies()
	}
	return []cluster.SchedulingPolicy{cluster.SchedRR}
}

// A worker makes every attack, under each policy. Another goes on to serve, and afterwards the primary has what it had before.
func TestAttacks(t *testing.T) {
	nodetest.NoLeaks(t)
	for _, policy := range attackedPolicies() {
		t.Run(string(policy), func(t *testing.T) {
			nodetest.NoLeaks(t)
			r := newAttacked(t, policy)
			for _, name := range attack.Names() {
				// Under the other policies the attacker has the socket itself: what comes to that is the attacker's.
				if attack.Attacks[name].Dealt && policy != cluster.SchedRR && policy != cluster.SchedLeast {
					continue
				}
				t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) { r.survives(t, name) })
			}
			began := time.Now()
			r.Close()
			if took := time.Since(began); took > maxClosing {
				t.Errorf("closing the primary took %v", took)
			}
		})
	}
}

// attacked is a primary with a worker that serves on a port.
type attacked struct {
	*clustertest.Rig
	port int
}

func newAttacked(t *testing.T, policy cluster.SchedulingPolicy) *attacked {
	t.Helper()
	port := clustertest.FreePort(t)
	settings := clustertest.Greeters(port)
	settings.SchedulingPolicy, settings.Serialization = policy, nodeipc.JSON
	r := clustertest.NewRig(t, settings)
	r.ExpectErrors = true
	r.Listening(t, r.MustFork().ID(), port)
	return &attacked{r, port}
}

// possessions are what an attack may not take for good.
type possessions struct {
	descriptors, goroutines int
	heap                    uint64
}

func possessionsNow(t *testing.T) possessions {
	return possessions{clustertest.OpenDescriptors(t), runtime.NumGoroutine(), nodetest.Heap()}
}

const (
	maxHeapDuringAttack = 64 << 20
	maxHeapAfterAttack  = 8 << 20
)

func (r *attacked) survives(t *testing.T, name string) {
	t.Helper()
	before := possessionsNow(t)
	settings := r.Settings()
	settings.ExecPath, settings.Args, settings.Silent = os.Args[0], []string{name}, true
	settings.Env = append(clustertest.AsProgram("attack"), fmt.Sprint("PORT=", r.port))
	w, err := r.ForkWith(settings)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		w.Kill(syscall.SIGKILL)
		<-w.Gone()
		w.Stdin().Close()
		w.Stdout().Close()
		w.Stderr().Close()
		r.has(t, before)
	}()
	output := bufio.NewScanner(w.Stdout())
	if !output.Scan() || output.Text() != attack.Done {
		t.Errorf("the attacker says %q, %v", output.Text(), output.Err())
	}
	defer r.serve(t)()
	if attack.Attacks[name].Dealt {
		if !output.Scan() || output.Text() != attack.Taken {
			t.Errorf("the attacker says %q, %v", output.Text(), output.Err())
		}
		defer r.serve(t)()
	}
	if heap := nodetest.Heap(); heap > before.heap+maxHeapDuringAttack {
		t.Errorf("%d MiB of memory are in use, %d before", heap>>20, before.heap>>20)
	}
}

// has waits until the primary has no more than it had before.
func (r *attacked) has(t *testing.T, before possessions) {
	t.Helper()
	var after possessions
	if !clustertest.Eventually(func() bool {
		after = possessionsNow(t)
		return after.descriptors <= before.descriptors && after.goroutines <= before.goroutines && after.heap <= before.heap+maxHeapAfterAttack
	}) {
		t.Errorf("the primary has %+v, and had %+v", after, before)
	}
}

// serve has clients come, of whom the other worker has to greet some, and returns how they leave.
func (r *attacked) serve(t *testing.T) (leave func()) {
	t.Helper()
	greeted := make(chan error, clientsDuringAttack)
	var waiting sync.WaitGroup
	var clients []*clustertest.Client
	leave = func() {
		for _, c := range clients {
			c.Close()
		}
		waiting.Wait()
	}
	for range clientsDuringAttack {
		c := clustertest.Connect(t, "tcp", clustertest.Local(r.port))
		clients = append(clients, c)
		waiting.Go(func() {
			_, err := c.Greeting()
			greeted <- err
		})
	}
	for n, answers := 0, 0; answers < answersDuringAttack; n++ {
		select {
		case err := <-greeted:
			if err == nil {
				answers++
			}
		case <-clustertest.Patient(t).Done():
			t.Errorf("%d of %d clients were greeted", answers, clientsDuringAttack)
			return leave
		}
	}
	return leave
}
