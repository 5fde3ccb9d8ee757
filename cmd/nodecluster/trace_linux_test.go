package main

import (
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func TestTraceCluster(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		inBoth(t, func(t *testing.T, s string) {
			events := sameWithTrace(t, node.Path, scenario(t, "cluster.js"), s)
			expectSound(t, events)
			forks := count(events, func(e traceEvent) bool {
				return e.Event == "fork" && e.Worker != "" && e.Parent > 0 && e.Serialization == s && len(e.Command) == 3
			})
			connections := count(events, func(e traceEvent) bool {
				return e.Type == "net.Native" && e.Handles[0].Network == "tcp" && e.Handles[0].Remote != "" &&
					text(e.Message) == text(map[string]any{"cmd": "NODE_HANDLE", "type": "net.Native", "msg": field(e.Message, "msg")})
			})
			online := count(events, func(e traceEvent) bool { return field(e.Message, "act") == "online" })
			ends := count(events, func(e traceEvent) bool { return e.Event == "end" })
			if forks != 4 || connections != 400 || online != 4 || ends != 4 {
				t.Errorf("%d forks, %d connections, %d online, %d ends; want 4, 400, 4, 4", forks, connections, online, ends)
			}
			if got, want := exitsIn(events), "SIGKILL, SIGTERM, code 0, code 3"; got != want {
				t.Errorf("the exits are %s, want %s", got, want)
			}
		})
	})
}

func TestTraceHandles(t *testing.T) {
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		inBoth(t, func(t *testing.T, s string) {
			events := sameWithTrace(t, node.Path, scenario(t, "handles.js"), s)
			expectSound(t, events)
			types := map[string]int{}
			for _, e := range events {
				if e.Kind == "handle" {
					h := e.Handles[0]
					state := ""
					if h.Listening {
						state = " listening"
					}
					if h.Remote != "" {
						state = " connected"
					}
					types[e.Type+" "+h.Network+state]++
				}
			}
			want := `{"dgram.Socket udp":2,"net.Native tcp listening":2,"net.Server tcp listening":2,"net.Server unix listening":2,"net.Socket tcp connected":4}`
			if got := text(types); got != want {
				t.Errorf("the handles are %s, want %s", got, want)
			}
		})
	})
}

// TestTraceBoundSocket: what Node 26 can send is shown with its address.
func TestTraceBoundSocket(t *testing.T) {
	script := nodetest.Script(t, "bound.js", `
		const { fork } = require('child_process');
		const net = require('net');
		if (process.argv[2]) {
			process.on('message', (m, bound) => {
				console.log(bound.constructor.name);
				bound.close();
				process.disconnect();
			});
		} else {
			const bound = new net.BoundSocket({ host: '127.0.0.1', port: 0 });
			const { address, port } = bound.address();
			const child = fork(__filename, ['child']);
			child.send('bound', bound);
			child.on('exit', () => console.error(address + ':' + port));
		}`)
	cmd, read := traceOf(t, nodetest.Node(t, 26).Path, script)
	p := launchCommand(t, cmd)
	p.expectStatus(0)
	events := read()
	expectSound(t, events)
	shown := count(events, func(e traceEvent) bool {
		return e.Type == "net.BoundSocket" && e.Handles[0].Network == "tcp" && !e.Handles[0].Listening && e.Handles[0].Local+"\n" == p.stderr.String()
	})
	if shown != 1 || p.stdout.String() != "BoundSocket\n" {
		t.Errorf("the socket %q is %d times in the trace, and its receiver has a %q", p.stderr, shown, p.stdout)
	}
}

func TestTraceMessages(t *testing.T) {
	inBoth(t, func(t *testing.T, s string) {
		events := sameWithTrace(t, nodetest.Default(t).Path, scenario(t, "messages.js"), s)
		expectSound(t, events)
		long := count(events, func(e traceEvent) bool { return e.Bytes > 10<<20 && e.Truncated && e.Text != "" })
		handles := count(events, func(e traceEvent) bool { return e.Kind == "handle" })
		if want := map[string]int{"json": 2, "advanced": 4}[s]; long != want || handles != 300 {
			t.Errorf("%d long messages, %d handles; want %d, 300", long, handles, want)
		}
	})
}

func TestTraceEnds(t *testing.T) {
	// On a busy machine this may come of the one child that has a time limit.
	tooEarly := func(e traceEvent) bool {
		return e.Note == "a channel is not traced: its process ended before it could say what it is"
	}
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		inBoth(t, func(t *testing.T, s string) {
			events := sameWithTrace(t, node.Path, scenario(t, "ends.js"), s)
			if n := count(events, tooEarly); n > 1 {
				t.Errorf("%d children have ended too early to be traced, want 1 at most", n)
			}
			expectSound(t, slices.DeleteFunc(events, tooEarly))
		})
	})
}

func TestTraceSurroundings(t *testing.T) {
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		events := sameWithTrace(t, node.Path, scenario(t, "surroundings.js"))
		expectSound(t, events)
		if forks := count(events, func(e traceEvent) bool { return e.Event == "fork" && e.Worker == "" }); forks != 6 {
			t.Errorf("%d forks, want 6", forks)
		}
	})
}

func TestTraceGrandchildren(t *testing.T) {
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		events := sameWithTrace(t, node.Path, scenario(t, "family.js"))
		expectSound(t, events)
		parents := map[int]bool{}
		for _, e := range events {
			if e.Event == "fork" {
				parents[e.Parent] = true
			}
		}
		if forks := count(events, func(e traceEvent) bool { return e.Event == "fork" }); forks != 4 || len(parents) != 3 {
			t.Errorf("%d forks by %d processes, want 4 by 3", forks, len(parents))
		}
	})
}

// TestTraceLeavesStacksAsTheyAre: what a program throws where it hears of a child has no frame of the trace, and all of its own.
func TestTraceLeavesStacksAsTheyAre(t *testing.T) {
	script := nodetest.Script(t, "throws.js", `
		const { fork } = require('child_process');
		const [, , event, limit, role] = process.argv;
		if (role) {
			process.send('hello', () => process.disconnect());
		} else {
			Error.stackTraceLimit = Number(limit);
			console.log('begins');
			fork(__filename, [event, limit, 'child']).on(event, function handler(...args) {
				throw new Error(event + ' ' + JSON.stringify(args));
			});
		}`)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		for _, event := range []string{"exit", "close", "message", "disconnect"} {
			sameWithTrace(t, node.Path, script, event, "10")
		}
		sameWithTrace(t, node.Path, script, "exit", "2")
	})
}

// TestTraceInATrace: both have all of it, and the program notices neither.
func TestTraceInATrace(t *testing.T) {
	script := nodetest.Script(t, "nested.js", `
		const { fork } = require('child_process');
		if (process.argv[2]) {
			process.on('message', (m) => process.send(m, () => process.exit(3)));
		} else {
			const child = fork(__filename, ['child']);
			child.on('message', (m) => console.log(m)).on('exit', (...how) => { throw new Error(how) });
			child.send('hello');
		}`)
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		inner, readInner := traceOf(t, node.Path, script)
		outer, readOuter := traceOf(t, inner.Args...)
		plain, traced := launchCommand(t, exec.Command(node.Path, script)), launchCommand(t, outer)
		plain.expectStatus(1)
		traced.expectStatus(1)
		if got, want := traced.stderr.String(), plain.stderr.String(); got != want {
			t.Errorf("in two traces it prints\n%swithout\n%s", got, want)
		}
		for name, events := range map[string][]traceEvent{"outer": readOuter(), "inner": readInner()} {
			forks := count(events, func(e traceEvent) bool { return e.Event == "fork" })
			messages := count(events, func(e traceEvent) bool { return e.Kind == "message" })
			if got := exitsIn(events); forks != 1 || messages != 2 || got != "code 3" {
				t.Errorf("the %s trace has %d forks, %d messages and the exits %s; want 1, 2 and code 3", name, forks, messages, got)
			}
		}
	})
}

// TestTraceAsProcess1 of a container, also where that has a /proc of its own.
func TestTraceAsProcess1(t *testing.T) {
	script := nodetest.Script(t, "one.js", `
		const { fork } = require('child_process');
		if (process.argv[2]) {
			process.send('hello', () => process.exit(3));
		} else {
			fork(__filename, ['child']);
		}`)
	for name, mount := range map[string]string{"own proc": "mount -t proc proc /proc || exit 77; ", "no proc": ""} {
		t.Run(name, func(t *testing.T) {
			trace, read := traceOf(t, nodetest.Default(t).Path, script)
			cmd := asProcess1(t, exec.Command("sh", append([]string{"-c", mount + `exec "$@"`, "sh"}, trace.Args...)...))
			cmd.SysProcAttr.Unshareflags = syscall.CLONE_NEWNS
			p := launchCommand(t, cmd)
			if p.wait() == 77 && os.Geteuid() != 0 {
				t.Skip("only root may mount /proc here")
			}
			p.expectStatus(0)
			events := read()
			if got := exitsIn(events); got != "code 3" || len(notesIn(events)) > 0 {
				t.Errorf("the exits are %q and the notes %q, want code 3 and none", got, notesIn(events))
			}
		})
	}
}
