package cluster_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/attack"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func init() {
	clustertest.Programs["attack"] = func() error { return attack.Run(os.Args[1]) }
	clustertest.Programs["primary of a worker that takes ports"] = crowdedPrimary
}

// crowdedPrimary is a primary that may have few descriptors, under the policy $SCHED. A worker listens on $PORT, and another one on ports
// without end. It says when that one is done, and then forks a further worker on $PORT and says when that listens.
func crowdedPrimary() error {
	if err := clustertest.LeaveRoomFor(256); err != nil {
		return err
	}
	settings := cluster.Settings{
		ExecPath: os.Args[0], Env: append(clustertest.AsProgram("greeter"), "LISTEN=127.0.0.1:"+os.Getenv("PORT")),
		SchedulingPolicy: cluster.SchedulingPolicy(os.Getenv("SCHED")),
	}
	primary, err := cluster.NewPrimary(settings)
	if err != nil {
		return err
	}
	defer primary.Close()
	if err := forkUntilListening(primary, settings); err != nil {
		return err
	}
	hostile := settings
	hostile.Env, hostile.Args, hostile.Silent = clustertest.AsProgram("attack"), []string{"ports without end"}, true
	w, err := primary.ForkWith(hostile)
	if err != nil {
		return err
	}
	line, err := bufio.NewReader(w.Stdout()).ReadString('\n')
	if err != nil {
		return err
	}
	fmt.Print(line)
	if err := forkUntilListening(primary, settings); err != nil {
		return err
	}
	fmt.Println("listening")
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

func forkUntilListening(primary *cluster.Primary, settings cluster.Settings) error {
	w, err := primary.ForkWith(settings)
	if err != nil {
		return err
	}
	for event := range primary.Events(context.Background()) {
		switch e := event.(type) {
		case cluster.ListeningEvent:
			if e.Worker == w {
				return nil
			}
		case cluster.ExitEvent:
			return fmt.Errorf("worker %d ended with %v", e.Worker.ID(), e.Status)
		}
	}
	return cluster.ErrClosed
}

// A worker that listens on as many ports as it can leaves descriptors for the connections of others, and for further workers.
func TestPortsWithoutEndLeaveDescriptors(t *testing.T) {
	nodetest.NoLeaks(t)
	for _, policy := range cluster.SchedulingPolicies() {
		t.Run(string(policy), func(t *testing.T) {
			port := nodetest.FreePort(t)
			in, lines, wait := talkTo(t, "primary of a worker that takes ports", fmt.Sprint("PORT=", port), "SCHED="+string(policy))
			for _, want := range []string{attack.Done, "listening"} {
				if line, err := lines.ReadString('\n'); line != want+"\n" {
					t.Errorf("the primary says %q, %v, want %s", line, err, want)
				}
			}
			clients := clustertest.ConnectAll(t, port, 16)
			clustertest.Greetings(t, clients)
			clustertest.HangUp(clients)
			in.Close()
			wait()
		})
	}
}
