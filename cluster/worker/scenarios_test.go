//go:build linux

package worker_test

import "github.com/nodecluster/nodecluster/cluster/internal/clustertest"

// scenario is something to do with the workers of a Node primary, which ends when all that came of it has happened.
type scenario struct {
	name string
	play func(*scene)
}

// workerScenarios are played in this order. The first one forks workers 1 and 2, which live until the last but one.
var workerScenarios = []scenario{
	{"start", playStart},
	{"listen and serve", playListen},
	{"addresses", playAddresses},
	{"two servers", playTwoServers},
	{"port 0 twice", playPort0},
	{"close and listen again", playListenAgain},
	{"maxConnections", playMaxConnections},
	{"a descriptor of the primary", playDescriptor},
	{"exclusive", playExclusive},
	{"Unix socket", playUnixSocket},
	{"UDP", playUDP},
	{"messages to the primary", playMessagesToPrimary},
	{"messages to the worker", playMessagesToWorker},
	{"many messages", playManyMessages},
	{"handles to the primary", playHandlesToPrimary},
	{"handles to the worker", playHandlesToWorker},
	{"two servers on one port", playTwoServersOnOnePort}, // with worker 3
	{"errors", playErrors},                               // with it too
	{"a privileged port and exit code 42", playPrivilegedPort},
	{"listening after a slow start", playSlowStart},
	{"disconnect by the primary", playDisconnect},
	{"disconnect by the primary with a connection", playDisconnectWithConnection},
	{"disconnect by the worker", playOwnDisconnect},
	{"disconnect by the worker with a connection", playOwnDisconnectWithConnection},
	{"kill", playKill},
	{"kill with a signal", playKillWithSignal},
	{"kill by the worker", playOwnKill},
	{"crash", playCrash},
	{"channel closed by the primary", playChannelClosed},
	{"cluster.disconnect", playDisconnectAll},
	{"death of the primary", playDeathOfPrimary},
}

func playStart(s *scene) {
	for range 2 {
		s.ask(s.agent(), clustertest.Command{"do": "state"})
	}
}
