package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// routesData is where the unchanged programs that use libraries are.
const routesData = "../../cluster/pool/routes/testdata/"

// Under run Socket.IO's workers are one, and what users have to do is said once.
func TestSocketIOUnderRun(t *testing.T) {
	node := nodetest.Default(t)
	if node.Major < 18 {
		t.Skip("needs Node 18")
	}
	modules := "NODE_PATH=" + nodetest.Libraries(t)
	for _, serialization := range []string{"json", "advanced"} {
		t.Run(serialization, func(t *testing.T) {
			port := strconv.Itoa(nodetest.FreePort(t))
			p := launch(t, []string{modules, "PORT=" + port}, "-i", "4", "--serialization", serialization, routesData+"socketio.js")
			p.await("listening", 4)
			clients := exec.CommandContext(nodetest.Context(t), node.Path, routesData+"socketio-clients.js", port, "4", "/", "true")
			clients.Env = append(os.Environ(), modules)
			out, err := clients.Output()
			var got struct{ Broadcasts, Wanted []string }
			if err != nil || json.Unmarshal(out, &got) != nil {
				t.Fatalf("the clients failed: %v: %s", err, out)
			}
			// In JSON the binary parts become objects.
			if whole := reflect.DeepEqual(got.Broadcasts, got.Wanted); whole != (serialization == "advanced") {
				t.Errorf("broadcasts reached %v, want %v", got.Broadcasts, got.Wanted)
			}
			p.stop()
			text := p.stderr.String()
			hints := fmt.Sprint(strings.Count(text, "need --sched sticky"), strings.Count(text, "need --serialization advanced"))
			if want := map[string]string{"json": "1 1", "advanced": "1 0"}[serialization]; hints != want {
				t.Errorf("the hints were told %s times, want %s", hints, want)
			}
			if len(p.events("message")) > 0 {
				t.Errorf("messages of the adapter are told of: %s", text)
			}
		})
	}
}

// A kind of message that nothing takes is told of once, whichever worker sends it, and messages of a route are not.
func TestMessagesAreToldOnce(t *testing.T) {
	script := nodetest.Script(t, "once.js", `
		process.on('message', (m) => {
			if (!m.cmd) return;
			process.send(m);
			process.send({ kind: 'got' }, () => process.exit());
		});
		process.send({ cmd: 'nodecluster:broadcast' });
		process.send({ type: 'unknown', data: process.pid });`)
	p := launch(t, nil, "-i", "2", script)
	p.wait()
	var kinds []string
	for _, e := range p.events("message") {
		if e.Further == 0 {
			kinds = append(kinds, e.Kind)
		}
	}
	if strings.Join(kinds, "|") != "type: 'unknown'|{kind}" && strings.Join(kinds, "|") != "{kind}|type: 'unknown'" {
		t.Errorf("told were %q", kinds)
	}
}
