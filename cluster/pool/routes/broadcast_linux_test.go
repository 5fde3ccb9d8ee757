package routes_test

import (
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cluster/pool/routes"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// A message with the command goes to all other workers as it is, and no message that only mentions it.
func TestBroadcast(t *testing.T) {
	script := nodetest.Script(t, "asking.js", `
		const id = require('cluster').worker.id;
		process.on('message', (m) => {
			if (m === 'begin') {
				process.send({ cmd: 'nodecluster:other', text: 'nodecluster:broadcast' });
				process.send({ CMD: 'nodecluster:broadcast', n: 0 });
				process.send({ cmd: 'nodecluster:broadcast', from: id, text: 'é\u2028', list: [1, { a: null }] });
			} else process.send(id + ' got ' + JSON.stringify(m));
		});
		process.send('ready');`)
	for _, serialization := range []nodeipc.Serialization{nodeipc.JSON, nodeipc.Advanced} {
		t.Run(string(serialization), func(t *testing.T) {
			nodetest.NoLeaks(t)
			p := startPool(t, cluster.Settings{ExecPath: nodetest.Default(t).Path, Exec: script, Serialization: serialization},
				pool.Options{Instances: 3, Restart: pool.RestartNever, Routes: []pool.Route{routes.Broadcast()}})
			said := &texts{t: t, pool: p, events: p.Subscribe(cluster.MessageEvent{})}
			if err := p.Start(); err != nil {
				t.Fatal(err)
			}
			said.await("ready", 3)
			tell(t, p.Workers()[1], "begin")
			got := map[string]bool{}
			for len(got) < 2 {
				if text := said.next(); text != "" {
					got[text] = true
				}
			}
			const message = ` got {"cmd":"nodecluster:broadcast","from":2,"text":"é` + "\u2028" + `","list":[1,{"a":null}]}`
			if !got["1"+message] || !got["3"+message] {
				t.Errorf("there came %v", got)
			}
		})
	}
}
