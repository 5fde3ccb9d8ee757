package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nodecluster/nodecluster/cmd/internal/pm2"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// programOfTests is the path of one of the programs of the tests.
func programOfTests(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("testdata/primaries", name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// followMessages gives what an application's workers send from the call on: each call of next is one message's fields.
func (m *manager) followMessages(name string) (next func() map[string]any) {
	m.t.Helper()
	ctx, cancel := context.WithCancel(nodetest.Context(m.t))
	a, _ := m.stored(name)
	all := control.NewClient(a.Dial).Messages(ctx)
	got, done := make(chan map[string]any), make(chan struct{})
	m.t.Cleanup(func() {
		cancel()
		<-done
	})
	go func() {
		defer close(done)
		defer close(got)
		for event := range all {
			select {
			case got <- event.Attributes:
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() map[string]any {
		m.t.Helper()
		about, ok := <-got
		if !ok {
			m.t.Fatal("the messages have ended")
		}
		return about
	}
}

// What is sent to workers as by PM2's sendDataToProcessId arrives, and whoever follows messages gets what workers send.
func TestSendData(t *testing.T) {
	for _, serialization := range []string{"json", "advanced"} {
		t.Run(serialization, func(t *testing.T) {
			m := newManager(t)
			m.do("start", programOfTests(t, "pm2-messages.js"), "-n", "api", "-i", "2", "--serialization", serialization,
				"--env", fmt.Sprint("PORT=", nodetest.FreePort(t)))
			next := m.followMessages("api")
			if got := m.do("sendData", "api/1", "settings", `{"level": "debug", "n": [1, null, "é<"]}`); got != "api: sent to 1 worker\n" {
				t.Errorf("sendData printed %q", got)
			}
			data := map[string]any{"level": "debug", "n": []any{1.0, nil, "é<"}}
			want := map[string]any{"type": "process:msg", "topic": "settings", "data": data, "id": 1.0}
			about := next()
			if diff := cmp.Diff(map[string]any{"got": want}, about["data"]); diff != "" || about["instance"] != 1.0 || about["type"] != "process:msg" {
				t.Errorf("-want +got of %v:\n%s", about, diff)
			}
			m.do("sendDataToProcessId", "api", "say", "null")
			both := map[any]any{}
			for range 2 {
				about := next()
				both[about["instance"]] = about["data"].(map[string]any)["got"].(map[string]any)["id"]
			}
			if diff := cmp.Diff(map[any]any{0.0: 0.0, 1.0: 1.0}, both); diff != "" {
				t.Errorf("the ids by instance: -want +got\n%s", diff)
			}
			m.do("reloadLogs", "api")
			for range 2 {
				if about := next(); cmp.Diff(map[string]any{"got": map[string]any{"type": "log:reload"}}, about["data"]) != "" {
					t.Errorf("for reloadLogs %v came", about)
				}
			}
		})
	}
}

func TestSendDataRefuses(t *testing.T) {
	m := newManager(t)
	m.startAPI(1)
	m.refuse(2, "say which application, a topic and data", "sendData", "api", "say")
	m.refuse(2, "the data are no JSON", "sendData", "api", "say", "text")
	m.refuse(2, "the topic is empty", "sendData", "api", "", "1")
	m.refuse(4, "there is no application nothing", "sendData", "nothing", "say", "1")
	m.refuse(1, "there is no such worker", "sendData", "api/7", "say", "1")
	m.do("stop", "api")
	m.refuse(1, "it does not run", "sendData", "api", "say", "1")
}

// messages prints what the workers send, and of one instance if one is named.
func TestMessagesCommand(t *testing.T) {
	m := newManager(t)
	m.do("start", programOfTests(t, "pm2-messages.js"), "-n", "api", "-i", "2", "--env", fmt.Sprint("PORT=", nodetest.FreePort(t)))
	for _, of := range []struct {
		args []string
		want string
	}{
		{[]string{"api/1"}, `) sent a message: {type: 'process:msg', data: {got: {type: 'process:msg', topic: 'say', data: 1, id: 1}}}`},
		{[]string{"api/1", "--json"}, `"app":"api","data":{"got":{"data":1,"id":1,"topic":"say","type":"process:msg"}},"instance":1,`},
	} {
		ctx, cancel := context.WithCancel(nodetest.Context(t))
		command := exec.CommandContext(ctx, binary, append([]string{"messages"}, of.args...)...)
		command.Env = append(os.Environ(), m.env...)
		out := newOutput()
		command.Stdout = out
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		// When it has begun to follow is not said.
		poll(t, "a message", func() bool {
			m.do("sendData", "api", "say", "1")
			return strings.Contains(out.String(), of.want)
		})
		if strings.Contains(out.String(), "id: 0") || strings.Contains(out.String(), `"id":0`) {
			t.Errorf("messages %s printed those of another instance: %s", of.args, out.String())
		}
		cancel()
		command.Wait()
	}
}

// pm2Driver sends an application of the real PM2 data, and writes as JSON what PM2's bus has of it, until the last is answered.
const pm2Driver = `
	const pm2 = require(process.argv[2]);
	const data = JSON.parse(process.argv[3]);
	const seen = [];
	let missing = data.length, begun = false;
	const send = (topic, data) => pm2.sendDataToProcessId(0, { type: 'process:msg', topic, data }, (failed) => { if (failed) throw failed; });
	pm2.connect((failed) => {
		if (failed) throw failed;
		pm2.launchBus((failed, bus) => {
			if (failed) throw failed;
			// When the daemon has the bus's connection is not said.
			const probing = setInterval(() => send('probe', 1), 20);
			bus.on('*', (type, { process: of, raw, data: said }) => {
				// What PM2 itself says of the application comes at a moment of its own, on a busy machine after the first answer.
				if (!of || of.name !== 'api' || /^(log|process:event|application:dependencies)/.test(type)) return;
				if (said && said.got && said.got.topic === 'probe') {
					clearInterval(probing);
					if (!begun) data.forEach(({ topic, data }) => send(topic, data));
					begun = true;
					return;
				}
				seen.push(raw === undefined ? { type, data: said } : { type, raw });
				if (!said || !said.got || --missing) return;
				require('fs').writeFileSync(process.argv[4], JSON.stringify(seen));
				process.exit();
			});
		});
	});`

// datum is what an application is sent.
type datum struct {
	Topic string `json:"topic"`
	Data  any    `json:"data"`
}

// TestMessagesAsPM2: what an application gets, and what those who follow get of what it sends, is what the real PM2 gives them.
func TestMessagesAsPM2(t *testing.T) {
	if !nodetest.All() {
		t.Skip("needs PM2: scripts/test --all has it")
	}
	program, err := pm2.Fetch(nodetest.Context(t), "../../scripts/pm2")
	if err != nil {
		t.Fatal(err)
	}
	data := []datum{
		{"settings", map[string]any{"level": "debug", "list": []any{1.5, nil, "é\u2028<", map[string]any{}}, "__proto__x": true}},
		{"no", false}, {"nothing", nil}, {"a text", "text"}, {"n", 1e300}, {"report", []any{}},
	}
	nodetest.EachNodeSince(t, 18, func(t *testing.T, node nodetest.Runtime) {
		want := messagesOfPM2(t, node.Path, program, data)
		for _, serialization := range []string{"json", "advanced"} {
			m := newManager(t)
			m.do("start", programOfTests(t, "pm2-messages.js"), "-n", "api", "-i", "1", "--serialization", serialization, "--node", node.Path,
				"--env", fmt.Sprint("PORT=", nodetest.FreePort(t)))
			next := m.followMessages("api")
			for _, d := range data {
				text, err := json.Marshal(d.Data)
				if err != nil {
					t.Fatal(err)
				}
				m.do("sendData", "api/0", d.Topic, string(text))
			}
			var got []map[string]any
			for range want {
				about := next()
				for _, name := range []string{"worker", "pid", "instance"} {
					delete(about, name)
				}
				got = append(got, about)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: -PM2 +ours\n%s", serialization, diff)
			}
		}
	})
}

// messagesOfPM2 gives what PM2's bus has of an application that is sent data.
func messagesOfPM2(t *testing.T, node, program string, data []datum) (seen []map[string]any) {
	t.Helper()
	folder := t.TempDir()
	daemon, err := pm2.Start(node, program, folder, portVariable(nodetest.FreePort(t)), programOfTests(t, "pm2-messages.js"), "-i", "1", "--name", "api")
	if err != nil {
		t.Fatal(err)
	}
	defer daemon.End()
	text, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(folder, "seen.json")
	driver := exec.CommandContext(nodetest.Context(t), node, nodetest.Script(t, "driver.js", pm2Driver), filepath.Dir(filepath.Dir(program)), string(text), to)
	driver.Env = append(os.Environ(), "PM2_HOME="+filepath.Join(folder, "pm2"))
	if out, err := driver.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	text, err = os.ReadFile(to)
	if err == nil {
		err = json.Unmarshal(text, &seen)
	}
	if err != nil || len(seen) <= len(data) {
		t.Fatalf("PM2's bus has %s (%v)", text, err)
	}
	return seen
}
