//go:build unix

package nodeipc_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/eventloop"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func TestExitCodes(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		for _, code := range []int{0, 1, 3, 255} {
			child := startScript(t, node, fmt.Sprintf(`process.exit(%d)`, code))
			expectExit(t, child, nodeipc.ExitStatus{Code: code})
		}
	})
}

func TestUncaughtExceptionIsCodeOne(t *testing.T) {
	nodetest.NoLeaks(t)
	child := startScript(t, nodetest.Default(t), `throw new Error('thrown on purpose')`)
	expectExit(t, child, nodeipc.ExitStatus{Code: 1})
	expectEnd(t, child.Channel, nil)
}

// endings are commands that end in every common way.
var endings = []string{
	"exit 0", "exit 1", "exit 42", "exit 255", "kill -HUP $$", "kill -INT $$", "kill -QUIT $$", "kill -ILL $$",
	"kill -TRAP $$", "kill -ABRT $$", "kill -BUS $$", "kill -FPE $$", "kill -KILL $$", "kill -USR1 $$",
	"kill -SEGV $$", "kill -USR2 $$", "kill -PIPE $$", "kill -ALRM $$", "kill -TERM $$", "kill -XCPU $$",
	"kill -VTALRM $$", "kill -PROF $$", "kill -SYS $$",
}

// Node runs the same commands, and tells the same.
func TestStatusIsWhatNodeTells(t *testing.T) {
	nodetest.NoLeaks(t)
	// Under nohup SIGHUP is ignored, by children too unless it is caught here; Node's children always have the default.
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	list, err := json.Marshal(endings)
	if err != nil {
		t.Fatal(err)
	}
	cmd := command(t, nodetest.Default(t), `
		const { spawnSync } = require('child_process');
		const tell = (command) => {
			const { status, signal } = spawnSync('/bin/sh', ['-c', 'ulimit -c 0; ' + command]);
			return signal ? 'signal ' + signal : 'code ' + status;
		};
		console.log(JSON.stringify(JSON.parse(process.argv[2]).map(tell)));`, string(list))
	out, err := output(cmd)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	if err := json.Unmarshal([]byte(out), &want); err != nil {
		t.Fatal(err)
	}
	for i, ending := range endings {
		child := start(t, shell("ulimit -c 0; "+ending), nodeipc.Options{Serialization: nodeipc.JSON})
		status, err := child.Wait()
		if err != nil || status.String() != want[i] {
			t.Errorf("%s: %v, %v; Node tells %q", ending, status, err, want[i])
		}
	}
}

func TestSignalsToNode(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL, syscall.SIGINT, syscall.SIGHUP} {
			child := startScript(t, node, `process.on('message', () => {}); process.send(process.pid);`)
			expectJSON(t, child, fmt.Sprint(child.Pid()))
			if err := child.Signal(signal); err != nil {
				t.Fatal(err)
			}
			expectExit(t, child, nodeipc.ExitStatus{Code: -1, Signal: signal})
			if err := child.Signal(signal); !errors.Is(err, os.ErrProcessDone) {
				t.Errorf("a signal after the end: %v", err)
			}
			expectEnd(t, child.Channel, nil)
		}
	})
}

func TestWaitAndCloseMoreThanOnce(t *testing.T) {
	nodetest.NoLeaks(t)
	child := start(t, shell("exit 3"), nodeipc.Options{Serialization: nodeipc.JSON})
	var waiters sync.WaitGroup
	for range 4 {
		waiters.Go(func() {
			if status, err := child.Wait(); status.Code != 3 || err != nil {
				t.Errorf("exit status %v, %v", status, err)
			}
		})
	}
	waiters.Wait()
	for range 2 {
		if err := child.Close(); err != nil {
			t.Error(err)
		}
		expectExit(t, child, nodeipc.ExitStatus{Code: 3})
	}
}

func TestCloseThenWait(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		child := startScript(t, node, `
			process.on('message', () => {});
			process.on('disconnect', () => process.exit(5));
			process.send('ready');`)
		expectJSON(t, child, `"ready"`)
		if err := child.Close(); err != nil {
			t.Error(err)
		}
		expectEnd(t, child.Channel, nil)
		if _, err := child.Receive(patient(t)); !errors.Is(err, nodeipc.ErrDisconnected) {
			t.Errorf("receive after Close: %v", err)
		}
		expectExit(t, child, nodeipc.ExitStatus{Code: 5})
	})
}

func TestExitedFollowsTheLastMessage(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		child := startScript(t, node, `for (let i = 0; i < 499; i++) process.send(i); process.send(499, () => process.disconnect());`)
		select {
		case <-child.Exited():
		case <-patient(t).Done():
			t.Fatal("the child does not end")
		}
		for i := range 500 {
			expectJSON(t, child, fmt.Sprint(i))
		}
		if _, err := child.Receive(patient(t)); !errors.Is(err, nodeipc.ErrDisconnected) {
			t.Errorf("after the last message: %v", err)
		}
		expectExitZero(t, child)
	})
}

// A grandchild that holds the channel, and writes on it without end, must not keep its parent's exit back.
func TestGrandchildHoldsTheChannel(t *testing.T) {
	nodetest.NoLeaks(t)
	child := start(t, shell(`yes '"flood"' >&3 2>/dev/null & echo '"ready"' >&3; exit 9`), nodeipc.Options{Serialization: nodeipc.JSON})
	expectExit(t, child, nodeipc.ExitStatus{Code: 9})
	expectEnd(t, child.Channel, nil)
}

func TestChildrenOnOneLoop(t *testing.T) {
	nodetest.NoLeaks(t)
	loop, err := eventloop.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(loop.Close)
	const n = 8
	var children [n]*nodeipc.Child
	for i := range children {
		children[i] = start(t, shell(fmt.Sprintf(`echo %d >&3; read line <&3; exit $line`, i)), nodeipc.Options{Serialization: nodeipc.JSON, Loop: loop})
	}
	for i, child := range children {
		expectJSON(t, child, fmt.Sprint(i))
		send(t, child, 100+i)
		expectExit(t, child, nodeipc.ExitStatus{Code: 100 + i})
	}
}

func TestStartOnAClosedLoop(t *testing.T) {
	nodetest.NoLeaks(t)
	loop, err := eventloop.New()
	if err != nil {
		t.Fatal(err)
	}
	loop.Close()
	if _, err := nodeipc.Start(exec.Command("sleep", "1000"), nodeipc.Options{Loop: loop}); !errors.Is(err, eventloop.ErrClosed) {
		t.Errorf("start: %v", err)
	}
}
