package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// conversation is one whose every message has its place.
const conversation = `
	const { fork } = require('child_process');
	const net = require('net');
	if (process.argv[2]) {
		process.on('message', (m, server) => {
			server.close();
			process.send({ got: m, 'a key': 'it\'s "quoted"', long: 'x'.repeat(100), list: [1, null, true] }, () => process.disconnect());
		});
	} else {
		const child = fork(__filename, ['child'], { serialization: process.env.SERIALIZATION });
		const server = net.createServer().listen(0, '127.0.0.1', () => child.send({ server: 1 }, server, () => server.close()));
	}`

const conversationText = `TIME pid PID forked by PID, SERIALIZATION: NODE SCRIPT child
TIME pid PID → %d {cmd: 'NODE_HANDLE', type: 'net.Server', msg: {server: 1}} fd FD tcp 127.0.0.1:PORT listening
TIME pid PID ← %d {cmd: 'NODE_HANDLE_ACK'} <TOOK>
TIME pid PID ← %d {got: {server: 1}, 'a key': 'it\'s "quoted"', long: 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'… 20 more bytes, list: [1, null, true]}
TIME pid PID ← end of the channel
TIME pid PID exited with code 0
messages bytes p50 ms p99 ms max ms kind
1 %[2]d - - - ← NODE_HANDLE_ACK
1 %[1]d MS MS MS → message + net.Server
1 %[3]d - - - ← message
`

// sizes are how many bytes Node 20 makes of the three messages.
var sizes = map[string][3]int{"json": {61, 26, 178}, "advanced": {63, 31, 172}}

// withoutChance replaces in a trace in text what is another each time.
func withoutChance(trace, node, script string) string {
	trace = strings.NewReplacer(node, "NODE", script, "SCRIPT").Replace(trace)
	trace = regexp.MustCompile(`(?m)^ +`).ReplaceAllString(trace, "")
	trace = regexp.MustCompile(` {2,}`).ReplaceAllString(trace, " ")
	for pattern, name := range map[string]string{
		`(?m)^\d\d:\d\d:\d\d\.\d{6} `: "TIME ",
		`pid \d+`:                     "pid PID",
		`forked by \d+`:               "forked by PID",
		`fd \d+`:                      "fd FD",
		`127\.0\.0\.1:\d+`:            "127.0.0.1:PORT",
		`<\d+\.\d{6}>`:                "<TOOK>",
		`(?m) \d+\.\d{3} `:            " MS ",
	} {
		for again := ""; trace != again; { // those that stand side by side
			again, trace = trace, regexp.MustCompile(pattern).ReplaceAllString(trace, name)
		}
	}
	return trace
}

func TestTraceText(t *testing.T) {
	node, script := nodetest.Default(t).Path, nodetest.Script(t, "conversation.js", conversation)
	inBoth(t, func(t *testing.T, s string) {
		cmd := exec.Command(binary, "trace", "--summary", "--", node, script)
		cmd.Env = append(os.Environ(), "SERIALIZATION="+s)
		p := launchCommand(t, cmd)
		p.expectStatus(0)
		n := sizes[s]
		want := strings.Replace(fmt.Sprintf(conversationText, n[0], n[1], n[2]), "SERIALIZATION", s, 1)
		if got := withoutChance(p.stderr.String(), node, script); got != want {
			t.Errorf("the trace is\n%s\nwant\n%s", got, want)
		}
	})
}

func TestTraceJSON(t *testing.T) {
	node, script := nodetest.Default(t).Path, nodetest.Script(t, "conversation.js", conversation)
	inBoth(t, func(t *testing.T, s string) {
		cmd := exec.Command(binary, "trace", "--summary", "--format", "json", node, script)
		cmd.Env = append(os.Environ(), "SERIALIZATION="+s)
		p := launchCommand(t, cmd)
		p.expectStatus(0)
		var lines []string
		for _, e := range traceIn(t, p.stderr.String()) {
			switch e.Event {
			case "fork":
				lines = append(lines, e.Event+" "+e.Serialization+" "+strings.Join(e.Command, " "))
			case "exit":
				lines = append(lines, fmt.Sprintf("%s %d %s", e.Event, *e.Code, e.Signal))
			case "summary":
				lines = append(lines, e.Event+" "+e.Direction+" "+e.Label)
			default:
				lines = append(lines, e.Event+" "+e.Direction+" "+e.Kind+" "+text(e.Message))
			}
			if e.Type != "" && (e.Type != "net.Server" || !e.Handles[0].Listening || e.Bytes != sizes[s][0]) || e.Kind == "ack" && e.LatencyMS <= 0 ||
				e.Label == "message + net.Server" && (e.Messages != 1 || e.P50MS <= 0 || e.P50MS > e.P99MS || e.P99MS > e.MaxMS) {
				t.Errorf("an event is %+v", e)
			}
			if e.Event != "summary" && (e.Channel != 1 || e.PID < 2 || e.Time.IsZero()) {
				t.Errorf("an event is %+v", e)
			}
		}
		want := []string{
			"fork " + s + " " + node + " " + script + " child",
			`message to child handle {"cmd":"NODE_HANDLE","msg":{"server":1},"type":"net.Server"}`,
			`message from child ack {"cmd":"NODE_HANDLE_ACK"}`,
			`message from child message {"a key":"it's \"quoted\"","got":{"server":1},"list":[1,null,true],"long":"` + strings.Repeat("x", 100) + `"}`,
			"end from child  null",
			"exit 0 ",
			"summary from child NODE_HANDLE_ACK", "summary to child message + net.Server", "summary from child message",
		}
		if got := strings.Join(lines, "\n"); got != strings.Join(want, "\n") {
			t.Errorf("the trace is\n%s\nwant\n%s", got, strings.Join(want, "\n"))
		}
	})
}

// Under load, the summary tells of all that is in the trace, and how long the slowest took.
func TestTraceSummaryOfACluster(t *testing.T) {
	inBoth(t, func(t *testing.T, s string) {
		p := launchCommand(t, exec.Command(binary, "trace", "--summary", "--format", "json", "--", nodetest.Default(t).Path, scenario(t, "cluster.js"), s))
		p.expectStatus(0)
		type sum struct{ messages, bytes int }
		trace, summary := map[string]sum{}, map[string]sum{}
		add := func(to map[string]sum, direction string, messages, bytes int) {
			to[direction] = sum{to[direction].messages + messages, to[direction].bytes + bytes}
		}
		slowest, connections := 0.0, traceEvent{}
		for _, e := range traceIn(t, p.stderr.String()) {
			switch {
			case e.Event == "message":
				add(trace, e.Direction, 1, e.Bytes)
			case e.Event == "summary":
				add(summary, e.Direction, e.Messages, e.Bytes)
			}
			switch {
			case e.Kind == "ack":
				slowest = max(slowest, e.LatencyMS)
			case e.Label == "newconn + net.Native":
				connections = e
			}
		}
		if !maps.Equal(trace, summary) || len(trace) != 2 {
			t.Errorf("the summary has %v, the trace %v", summary, trace)
		}
		if c := connections; c.Messages != 400 || c.P50MS <= 0 || c.P50MS > c.P99MS || c.P99MS > c.MaxMS || c.MaxMS != slowest {
			t.Errorf("the connections are summed up as %+v, and the slowest took %v ms", c, slowest)
		}
	})
}

func TestTraceColours(t *testing.T) {
	node, script := nodetest.Default(t).Path, nodetest.Script(t, "conversation.js", conversation)
	for name, test := range map[string]struct {
		env      []string
		coloured bool
	}{"terminal": {nil, true}, "NO_COLOR": {[]string{"NO_COLOR=1"}, false}, "TERM": {[]string{"TERM=dumb"}, false}} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(binary, "trace", "--", node, script)
			cmd.Env = append(append(os.Environ(), "NO_COLOR=", "TERM=xterm"), test.env...)
			p, _ := launchOnTerminal(t, cmd)
			p.expectStatus(0)
			p.stderr.awaitText(t, "end of the channel")
			if got := strings.Contains(p.stderr.String(), "\x1b["); got != test.coloured {
				t.Errorf("coloured: %t, want %t", got, test.coloured)
			}
		})
	}
}

// TestTraceCannotBeWritten: the program runs on all the same, and only if it has not failed itself the status tells.
func TestTraceCannotBeWritten(t *testing.T) {
	for code, want := range map[string]int{"0": 1, "3": 3} {
		node, script := nodetest.Default(t).Path, nodetest.Script(t, "conversation.js", conversation+"\nprocess.exitCode = "+code)
		p := launchCommand(t, exec.Command(binary, "trace", "--out", "/dev/full", node, script))
		p.expectStatus(want)
		if got := p.stderr.String(); got != "nodecluster: trace: the trace is not whole, name another file by --out: write /dev/full: no space left on device\n" {
			t.Errorf("standard error is %q", got)
		}
	}
}

// TestTraceNothing says why there is nothing in it.
func TestTraceNothing(t *testing.T) {
	empty := nodetest.Script(t, "empty.cjs", "")
	for name, test := range map[string]struct {
		runtime func(testing.TB) nodetest.Runtime
		before  []string
		args    []string
		want    string
	}{
		"Node":                      {nodetest.Default, nil, nil, "no child with a channel was forked"},
		"Node without NODE_OPTIONS": {nodetest.Default, []string{"env", "-u", "NODE_OPTIONS"}, nil, "env has run no Node program with the trace's NODE_OPTIONS"},
		"Bun":                       {nodetest.Bun, nil, nil, "bun has run no Node program with the trace's NODE_OPTIONS and forked nothing"},
		"Deno":                      {nodetest.Deno, nil, []string{"run", "--no-config", "-A"}, "deno has run no Node program with"},
	} {
		t.Run(name, func(t *testing.T) {
			command := slices.Concat(test.before, []string{test.runtime(t).Path}, test.args, []string{empty})
			for _, flags := range [][]string{nil, {"--out", os.DevNull}} {
				p := launchCommand(t, exec.Command(binary, slices.Concat([]string{"trace"}, flags, []string{"--"}, command)...))
				p.expectStatus(0)
				if got := p.stderr.String(); !strings.Contains(got, test.want) || strings.Count(got, "\n") != 1 {
					t.Errorf("with %q standard error is %q, want a line with %q", flags, got, test.want)
				}
			}
		})
	}
}

func TestTraceHelp(t *testing.T) {
	p := launchCommand(t, exec.Command(binary, "trace", "--help"))
	p.expectStatus(0)
	for _, want := range []string{"-o, --out FILE", "--format text|json", "--summary", "nodecluster trace [flags] [--] COMMAND [ARGS...]", "NODE_OPTIONS"} {
		if !strings.Contains(p.stdout.String(), want) {
			t.Errorf("the help does not say %q", want)
		}
	}
}

// TestTraceLeavesNoFolder: not in a temporary folder whose name Node could take apart either.
func TestTraceLeavesNoFolder(t *testing.T) {
	for _, name := range []string{`with spaces and "quotes" \`, strings.Repeat("long", 30), "relative"} {
		folder := filepath.Join(t.TempDir(), name)
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		script := nodetest.Script(t, "conversation.js", conversation)
		cmd, read := traceOf(t, nodetest.Default(t).Path, script)
		cmd.Env = append(os.Environ(), "TMPDIR="+folder, "NODE_OPTIONS=--no-warnings")
		if name == "relative" {
			cmd.Dir, cmd.Env = filepath.Dir(folder), append(cmd.Env, "TMPDIR="+name)
		}
		launchCommand(t, cmd).expectStatus(0)
		if n := len(read()); n != 6 {
			t.Errorf("in %q the trace has %d events, want 6", name, n)
		}
		if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
			t.Errorf("in %q is left %v (%v)", name, left, err)
		}
	}
}
