package eventlog

import (
	"bytes"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// A hint is what a library that is recognised by its messages needs of the user.
type hint struct {
	route string // its name
	text  string
	// needed reports whether the user has yet to do something.
	needed func(s cluster.Settings, m nodeipc.Message) bool
}

var hints = []hint{
	{
		"@socket.io/cluster-adapter",
		"Socket.IO: clients that begin with HTTP long-polling need --sched sticky; those that use WebSocket alone do not",
		func(s cluster.Settings, _ nodeipc.Message) bool { return s.SchedulingPolicy != cluster.SchedSticky },
	},
	{
		"@socket.io/cluster-adapter",
		"Socket.IO: packets with binary parts need --serialization advanced; other workers get them as objects",
		func(_ cluster.Settings, m nodeipc.Message) bool { return bytes.Contains(m.Payload(), bufferInJSON) },
	},
}

// bufferInJSON is how a Buffer begins in JSON.
var bufferInJSON = []byte(`{"type":"Buffer","data":[`)

// Hinting is a relay that has a log give each hint once that a message calls for.
func (l *Log) Hinting(relay pool.Relay, settings cluster.Settings) pool.Relay {
	return hinting{relay, l, settings}
}

type hinting struct {
	pool.Relay
	log      *Log
	settings cluster.Settings
}

func (h hinting) Take(r *pool.Router, from *cluster.Worker, m nodeipc.Message) {
	h.log.hint(h.settings, h.Name(), m)
	h.Relay.Take(r, from, m)
}

func (l *Log) hint(settings cluster.Settings, route string, m nodeipc.Message) {
	for i, h := range hints {
		if h.route == route && !l.hinted[i] && h.needed(settings, m) {
			l.hinted[i] = true
			l.Warn(h.text)
		}
	}
}
