//go:build unix

package cluster_test

import (
	"errors"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// A message of 70 MiB ends the channel of its worker, unless the settings allow it.
func TestMaxMessageSize(t *testing.T) {
	const size = 70 << 20
	script := nodetest.Script(t, "long.js", "process.send('x'.repeat(70 << 20), () => {}); process.on('message', () => process.exit());")
	for name, limit := range map[string]int{"default": 0, "set": 128 << 20} {
		t.Run(name, func(t *testing.T) {
			nodetest.NoLeaks(t)
			p, err := cluster.NewPrimary(cluster.Settings{Exec: script, ExecPath: nodetest.Default(t).Path, MaxMessageSize: limit})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			w, err := p.Fork()
			if err != nil {
				t.Fatal(err)
			}
			ends := 0
			for event := range p.Events(clustertest.Patient(t)) {
				switch e := event.(type) {
				case cluster.MessageEvent:
					if n := len(e.Message.Payload()); limit == 0 || n != size+len(`""`) {
						t.Errorf("a message of %d bytes has arrived", n)
					}
					w.Tell("end")
				case cluster.DisconnectEvent:
					if broken := errors.Is(e.Err, nodeipc.ErrMessageTooLarge); broken != (limit == 0) {
						t.Errorf("the channel has ended of %v", e.Err)
					}
					ends++
				case cluster.ExitEvent:
					ends++
				}
				if ends == 2 {
					return
				}
			}
			t.Error("the worker has not ended")
		})
	}
}
