package routes_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cluster/pool/routes"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// What no worker is to get, in hexadecimal digits, as a property of a message in the serialization advanced: some Node throws at it.
var unreadable = map[string]string{
	"a RegExp that is none":         "52220128 00",
	"a RegExp of no known flag":     "52220161 8002",
	"9000 levels":                   strings.Repeat("4101", 9000) + "30" + strings.Repeat("240001", 9000),
	"a key twice":                   "6f22016130220161307b02",
	"an Error with its cause last":  "72 6d220162 73220173 632201632e",
	"an Error with its cause first": "72 6d220162 63220163 732201732e",
	"an Error within itself":        "72 6d220162 635e01 732201732e",
	"a BigInt that is minus zero":   "5a01",
	"a resizable ArrayBuffer":       "7e000a",
	"a Float16Array":                "5c000d020000",
}

// A worker in Node that writes bytes of its own on its channel gets none that Node cannot read to the other workers, by no route.
func TestWhatNodeCannotReadIsNotPassedOn(t *testing.T) {
	script := nodetest.Script(t, "raw.js", `
		process.on('message', (m) => {
			if (m.raw) require('fs').writeSync(process.channel.fd, m.raw);
			else if (m.cmd) process.send('got ' + m.text);
		});
		process.send('ready');`)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		p := startPool(t, cluster.Settings{ExecPath: node.Path, Exec: script, Serialization: nodeipc.Advanced},
			pool.Options{Instances: 3, Restart: pool.RestartNever, Routes: []pool.Route{routes.Broadcast()}})
		said := &texts{t: t, pool: p, events: p.Subscribe(cluster.MessageEvent{}, cluster.ErrorEvent{})}
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		said.await("ready", 3)
		hostile := p.Workers()[2]
		for what, digits := range unreadable {
			tell(t, hostile, map[string]any{"raw": broadcastFrame(t, what, digits)})
		}
		tell(t, hostile, map[string]any{"raw": broadcastFrame(t, "last", "30")})
		said.await("got last", 2)
		if counts := p.Routes()[0]; counts.Refused != uint64(len(unreadable)) || counts.Sent != 2 {
			t.Errorf("the counts are %+v", counts)
		}
		if said.told == nil || !errors.Is(said.told, structuredclone.ErrSyntax) || !strings.Contains(said.told.Error(), "worker 3") {
			t.Errorf("it was told as %v", said.told)
		}
	})
}

// broadcastFrame is what a channel writes for {cmd: 'nodecluster:broadcast', text, x}, where x is given in hexadecimal digits.
func broadcastFrame(t *testing.T, text, digits string) []byte {
	t.Helper()
	x, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	message := fmt.Sprintf("\xff\x0do\"\x03cmd\"\x15nodecluster:broadcast\"\x04text\"%c%s\"\x01x%s{\x03", len(text), text, x)
	return append([]byte{0, 0, byte(len(message) >> 8), byte(len(message))}, message...)
}

// A worker that says it twice whose message it sends has nothing relayed that is Node's own to the others: an ACK that Node does not await
// ends it.
func TestNodesOwnMessagesAreNotPassedOn(t *testing.T) {
	script := nodetest.Script(t, "twice.js", `
		const source = '_sio_adapter', nsp = '/', uid = 'uid' + require('cluster').worker.id;
		process.on('message', (m) => {
			if (m === 'attack') {
				const data = '"data":{"opts":{"rooms":[],"except":[]},"packet":{"type":2,"data":["x"]}}';
				const line = '{"cmd":"x","source":"_sio_adapter","type":3,"uid":"' + uid + '","nsp":"/",' + data + ',"cmd":"NODE_HANDLE_ACK"}\n';
				const body = '{"source":"_sio_adapter","type":3,"uid":"' + uid + '","nsp":"/",' + data + ',"cmd":"NODE_HANDLE_ACK"}';
				require('fs').writeSync(process.channel.fd, '{"cmd":"nodecluster:request","id":1,"body":' + body + '}\n' + line);
			} else if (m === 'heartbeat') process.send({ source, nsp, uid, type: 2 });
			else if (m.type === 2) process.send('got ' + m.uid);
		});
		process.send({ source, nsp, uid, type: 2 });
		process.send('ready');`)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		left := leaving{routes.Broadcast(), make(chan int, 3)}
		p := startPool(t, cluster.Settings{ExecPath: node.Path, Exec: script},
			pool.Options{Instances: 3, Restart: pool.RestartNever, Routes: []pool.Route{routes.SocketIO(), left}})
		said := &texts{t: t, pool: p, events: p.Subscribe(cluster.MessageEvent{})}
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		for ready := 0; ready < 3; {
			if said.next() == "ready" {
				ready++
			}
		}
		workers := p.Workers()
		tell(t, workers[2], "attack")
		if id := <-left.ids; id != 3 {
			t.Fatalf("worker %d has left, and not the one that breaks the protocol", id)
		}
		tell(t, workers[0], "heartbeat")
		for said.next() != "got uid1" {
		}
	})
}
