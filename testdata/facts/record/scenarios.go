//go:build linux

package main

import "strings"

// scenario is a worker's script by name, and how the rig treats that worker.
type scenario struct {
	name      string
	plain     bool // a forked child, not a cluster worker
	shared    bool // the primary hands out sockets, and the script is that of the name without "shared-"
	unshared  bool // it has no shared form, because that is a race between the worker's listen and the next bind
	otherPort bool // the primary says that it listens on another port
	behind    bool // a connection comes directly behind the reply to queryServer
	errno     int  // what the primary answers queryServer with
	refusals  int  // how many handles the primary answers with NACK
	modes     []string
	react     func(r *rig, message any) error
}

var (
	jsonOnly     = []string{"json"}
	advancedOnly = []string{"advanced"}
)

func (s scenario) script() string { return strings.TrimPrefix(s.name, "shared-") }

// allScenarios lists what is recorded, in the order of the files.
func allScenarios() []scenario {
	var all []scenario
	for _, s := range listening {
		all = append(all, s)
		if s.unshared {
			continue
		}
		s.name, s.shared = "shared-"+s.name, true
		all = append(all, s)
	}
	for _, list := range [][]scenario{refusing, udp, connections, leaving, sending, receiving} {
		all = append(all, list...)
	}
	return all
}

// A path is made absolute by the worker, so that only json mode can show it without what differs from run to run.
var listening = []scenario{
	{name: "listen-null-address"},
	{name: "listen-ipv4-unspecified"},
	{name: "listen-ipv4-loopback"},
	{name: "listen-ipv6-loopback"},
	{name: "listen-localhost"},
	{name: "listen-ipv6-only"},
	{name: "listen-backlog"},
	{name: "listen-exclusive"},
	{name: "listen-reuse-port"},
	{name: "listen-fd"},
	{name: "listen-port-0-twice"},
	{name: "listen-two-servers-one-port"},
	{name: "listen-two-servers-at-once", unshared: true},
	{name: "listen-path", modes: jsonOnly},
	{name: "listen-path-for-all", modes: jsonOnly},
	{name: "listen-https"},
	{name: "listen-close-listen"},
}

var refusing = []scenario{
	{name: "listen-refused", errno: -98},
	{name: "listen-other-port", otherPort: true},
}

var udp = []scenario{
	{name: "udp4"},
	{name: "udp6"},
	{name: "udp4-loopback"},
	{name: "udp4-port-0"},
	{name: "udp4-reuse-address"},
	{name: "udp6-reuse-address"},
	{name: "udp6-ipv6-only"},
	{name: "udp4-reuse-port"},
	{name: "udp4-exclusive"},
	{name: "udp4-fd"},
	{name: "udp4-twice"},
	{name: "udp4-twice-reuse-address"},
}

var connections = []scenario{
	{name: "newconn", react: newconns(1)},
	{name: "newconn-8-in-flight", react: newconns(8)},
	{name: "newconn-between-messages", react: betweenMessages([]string{"before", "before too"}, []string{"after", "after too"})},
	{name: "newconn-after-a-message", react: betweenMessages([]string{"before"}, nil)},
	{name: "newconn-before-a-message", react: betweenMessages(nil, []string{"after"})},
	{name: "newconn-behind-the-reply", behind: true, react: doneAfterAnswers(1)},
	{name: "newconn-for-shared-handle", shared: true, react: newconns(1)},
	{name: "newconn-unknown-key", react: unknownKey},
	{name: "newconn-without-handle", react: withoutHandle},
	{name: "newconn-max-connections-0", react: newconns(2)},
	{name: "newconn-max-connections-1", react: newconns(2)},
	{name: "newconn-max-connections-1-drop", react: newconns(2)},
	{name: "newconn-closed-server", react: afterClose},
}

var leaving = []scenario{
	{name: "online", react: on("act", "online", sendDone)},
	{name: "server-close"},
	{name: "worker-disconnect-without-server"},
	{name: "worker-disconnect"},
	{name: "worker-disconnect-twice"},
	{name: "worker-kill"},
	{name: "process-disconnect"},
	{name: "process-exit-3"},
	{name: "primary-disconnects", react: on("act", "listening", disconnectWorker)},
	{name: "primary-disconnects-with-connection", react: disconnectWithConnection},
	{name: "primary-closes-channel", react: on("act", "listening", closeChannel)},
}

var sending = []scenario{
	{name: "send-json-kinds", plain: true, modes: jsonOnly},
	{name: "send-json-cycle", plain: true, modes: jsonOnly},
	{name: "send-cloned-kinds", plain: true, modes: advancedOnly},
	{name: "send-before-anything", plain: true},
	{name: "send-server", plain: true, react: doneAfterHandles(1)},
	{name: "send-server-of-path", plain: true, react: doneAfterHandles(1)},
	{name: "send-socket", plain: true, react: doneAfterHandles(1)},
	{name: "send-socket-keep-open", plain: true, react: doneAfterHandles(1)},
	{name: "send-socket-of-server", plain: true, react: socketOfServer},
	{name: "send-closed-socket", plain: true, react: doneAfter("closed")},
	{name: "send-dgram", plain: true, react: doneAfterHandles(1)},
	{name: "send-dgram-6", plain: true, react: doneAfterHandles(1)},
	{name: "send-raw-handle", plain: true, react: doneAfterHandles(1)},
	{name: "send-bound-socket", plain: true, react: doneAfterHandles(1)},
	{name: "send-no-handle", plain: true},
	{name: "send-server-refused", plain: true, refusals: 1, react: doneAfter("after")},
	{name: "send-socket-refused", plain: true, refusals: 1, react: doneAfter("after")},
	{name: "send-socket-keep-open-refused", plain: true, refusals: 1, react: doneAfter("after")},
	{name: "send-raw-handle-refused", plain: true, refusals: 1, react: doneAfter("after")},
	{name: "send-dgram-refused", plain: true, refusals: 1, react: doneAfter("after")},
	{name: "send-bound-socket-refused", plain: true, refusals: 1, react: doneAfter("after")},
	{name: "send-socket-given-up", plain: true, refusals: 100, react: doneAfter("after")},
	{name: "send-while-handle-waits", plain: true, react: doneAfter("last")},
}

var receiving = []scenario{
	{name: "receive-handle-without-fd", plain: true, react: withoutFD},
	{name: "receive-native", plain: true, react: receives("net.Native", connectedSocket)},
	{name: "receive-server", plain: true, react: receives("net.Server", listeningSocket)},
	{name: "receive-socket", plain: true, react: receives("net.Socket", connectedSocket)},
	{name: "receive-dgram", plain: true, react: receives("dgram.Socket", datagramSocket)},
	{name: "receive-bound-socket", plain: true, react: receives("net.BoundSocket", boundSocket)},
	{name: "receive-unknown-type", plain: true, react: receives("net.Unknown", boundSocket)},
	{name: "receive-fd-beside-message", plain: true, react: besideMessage},
	{name: "receive-socket-of-server", plain: true, react: receivedSocketOfServer},
	{name: "receive-get-count-of-none", plain: true, react: asksOfNone("NODE_SOCKET_GET_COUNT")},
	{name: "receive-notify-close-of-none", plain: true, react: asksOfNone("NODE_SOCKET_NOTIFY_CLOSE")},
	{name: "receive-version-13", plain: true, modes: advancedOnly, react: inVersion(13)},
	{name: "receive-version-14", plain: true, modes: advancedOnly, react: inVersion(14)},
	{name: "receive-version-15", plain: true, modes: advancedOnly, react: inVersion(15)},
	{name: "receive-split-message", plain: true, modes: jsonOnly, react: splitMessage},
	{name: "receive-late", plain: true, react: late},
}
