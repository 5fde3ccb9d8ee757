//go:build unix

package nodeipc_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// runParent runs a script in which go(program) forks this test program as a child. The script must exit with 0
// and print what is wanted.
func runParent(t *testing.T, node nodetest.Runtime, script, want string) {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := command(t, node, `
		const { fork } = require('child_process');
		const assert = require('assert');
		const net = require('net');
		const go = (program, options) => fork('script.js', ['one', 'two'], {
			execPath: process.argv[2], execArgv: ['--flag'],
			env: { ...process.env, `+childVariable+`: program, GORACE: 'atexit_sleep_ms=0' },
			serialization: '`+string(serialization(""))+`',
			...options,
		});
		`+script, path)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := output(cmd)
	if err != nil || out != want {
		t.Errorf("%v, printed %q, want %q\n%s", err, out, want, stderr.String())
	}
}

func init() {
	// echo sends back what comes, with its handle.
	childPrograms["echo"] = func() error {
		c, err := nodeipc.Parent(nodeipc.Options{})
		if err != nil {
			return err
		}
		defer c.Close()
		for {
			m, err := c.Receive(context.Background())
			if err == nodeipc.ErrDisconnected {
				return nil
			}
			if err != nil {
				return err
			}
			if err := sendBack(c, m); err != nil {
				return err
			}
		}
	}
}

func sendBack(c *nodeipc.Channel, m nodeipc.Message) error {
	var payload json.RawMessage
	if err := m.Decode(&payload); err != nil {
		return err
	}
	if m.Handle == nil {
		return c.Send(context.Background(), payload)
	}
	return c.SendHandle(context.Background(), payload, m.Handle)
}

func TestGoChildOfNode(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		runParent(t, node, `
			const child = go('echo');
			const values = [null, true, 0, -1.5, 1e300, '', 'ä漢😀', '\ud800', 'a\nb', [], {}, [1, [2, { a: null }]],
				{ '\udc00': 1 }, { cmd: 'NODE_' }, { cmd: 1 }, 'x'.repeat(1 << 20), '漢'.repeat(1 << 18)];
			let i = 0;
			child.on('message', (m) => {
				assert.deepStrictEqual(m, values[i++]);
				if (i < values.length) return;
				console.log('all');
				child.disconnect();
			});
			values.forEach((value) => child.send(value));
			child.on('exit', (code, signal) => console.log(code, signal));`,
			"all\n0 null\n")
	})
}

func TestBurstToGoChild(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		runParent(t, node, `
			const child = go('echo');
			let next = 0;
			child.on('message', (m) => {
				assert.strictEqual(m, next++);
				if (next === 10000) child.disconnect();
			});
			for (let i = 0; i < 10000; i++) child.send(i);
			child.on('exit', (code) => console.log(code, next));`,
			"0 10000\n")
	})
}

func init() {
	// life tells how it was started, and disconnects.
	childPrograms["life"] = func() error {
		c, err := nodeipc.Parent(nodeipc.Options{})
		if err != nil {
			return err
		}
		defer c.Close()
		_, again := nodeipc.Parent(nodeipc.Options{})
		env, err := exec.Command("/usr/bin/env").Output()
		if err != nil {
			return err
		}
		err = c.Send(context.Background(), map[string]any{
			"args":      os.Args[1:],
			"again":     fmt.Sprint(errors.Is(again, nodeipc.ErrNoChannel)),
			"inherited": strings.Contains(string(env), "NODE_CHANNEL"),
		})
		if err != nil {
			return err
		}
		if err := c.Disconnect(); err != nil {
			return err
		}
		<-c.Done()
		return c.Err()
	}
}

func TestLifeOfAGoChild(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		runParent(t, node, `
			const child = go('life');
			const events = [];
			child.on('message', (m) => events.push(JSON.stringify(m)));
			child.on('disconnect', () => events.push('disconnect ' + child.connected));
			child.on('close', (code) => console.log([...events, code].join('\n')));`,
			`{"again":"true","args":["--flag","script.js","one","two"],"inherited":false}`+"\ndisconnect false\n0\n")
	})
}

// process.execPath is how a Node primary starts Go workers.
func TestGoChildByExecPath(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		runParent(t, node, `
			process.execPath = process.argv[2];
			Object.assign(process.env, { `+childVariable+`: 'life', GORACE: 'atexit_sleep_ms=0' });
			fork('worker.js', ['x']).on('message', ({ args }) => console.log(args.join()));`,
			"worker.js,x\n")
	})
}

func init() {
	// patient waits for its parent's end.
	childPrograms["patient"] = func() error {
		c, err := nodeipc.Parent(nodeipc.Options{})
		if err != nil {
			return err
		}
		defer c.Close()
		if err := c.Send(context.Background(), "ready"); err != nil {
			return err
		}
		<-c.Done()
		fmt.Println("the channel ended:", c.Err())
		return nil
	}
}

func TestGoChildOutlivesItsParent(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		runParent(t, node, `
			if (process.argv[3] === undefined) {
				const { stdout, signal } = require('child_process').spawnSync(process.execPath, [__filename, process.argv[2], 'inner']);
				process.stdout.write(stdout + signal + '\n');
			} else {
				go('patient').on('message', () => process.kill(process.pid, 'SIGKILL'));
			}`,
			"the channel ended: <nil>\nSIGKILL\n")
	})
}

func init() {
	// refused tells why it has no channel, which is the same a second time.
	childPrograms["refused"] = func() error {
		_, err := nodeipc.Parent(nodeipc.Options{})
		fmt.Println(err)
		if _, again := nodeipc.Parent(nodeipc.Options{}); again.Error() != err.Error() {
			return again
		}
		return nil
	}
}

func TestParentRefuses(t *testing.T) {
	nodetest.NoLeaks(t)
	for value, want := range map[string]string{
		"":     `NODE_CHANNEL_FD="" is not a file descriptor`,
		"x":    `NODE_CHANNEL_FD="x" is not a file descriptor`,
		"-1":   `NODE_CHANNEL_FD="-1" is not a file descriptor`,
		"9999": "file descriptor 9999 is not a channel: bad file descriptor",
		"0":    "file descriptor 0 is not a channel: socket operation on non-socket",
	} {
		cmd := self(t, "refused")
		cmd.Env = append(cmd.Env, "NODE_CHANNEL_FD="+value)
		if out, err := output(cmd); err != nil || out != "nodeipc: "+want+"\n" {
			t.Errorf("%q: %v, %q", value, err, out)
		}
	}
	out, err := output(self(t, "refused"))
	if err != nil || !strings.Contains(out, nodeipc.ErrNoChannel.Error()) {
		t.Errorf("without the variable: %v, %q", err, out)
	}
}
