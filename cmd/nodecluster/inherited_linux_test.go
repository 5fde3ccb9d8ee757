package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// socketActivated listens on what systemd passes as LISTEN_FDS, and says which descriptors it has itself. Run without a primary of ours
// it is its own.
const socketActivated = `
	const cluster = require('cluster');
	const dgram = require('dgram');
	const fs = require('fs');
	const net = require('net');
	if (cluster.isPrimary || cluster.isMaster) {
		if (process.argv[2] === 'none') cluster.schedulingPolicy = cluster.SCHED_NONE;
		cluster.fork().on('exit', () => process.exit());
	} else {
		const links = [];
		for (const fd of fs.readdirSync('/proc/self/fd')) {
			try { links.push(fs.readlinkSync('/proc/self/fd/' + fd)); } catch {}
		}
		const server = net.createServer((socket) => socket.resume().end('stream'));
		server.listen({ fd: 3 }, () => {
			const packets = dgram.createSocket('udp4', (text, peer) => packets.send('packet', peer.port, peer.address));
			packets.bind({ fd: 4 }, () => {
				net.createServer().on('error', ({ code }) => console.log(JSON.stringify({ links, own: code }))).listen({ fd: 5 });
			});
		});
		process.once('disconnect', () => process.exit());
		setInterval(() => {}, 1000);
	}`

// What the program inherited is for workers to listen on by its number, and for nothing else: they do not have it themselves. It is as
// under Node's primary.
func TestInherited(t *testing.T) {
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		script := nodetest.Script(t, "activated.js", socketActivated)
		for _, policy := range []string{"rr", "none"} {
			t.Run("node/"+policy, func(t *testing.T) {
				expectActivated(t, exec.Command(node.Path, script, policy))
			})
		}
		for _, policy := range []string{"rr", "none", "reuseport", "sticky", "least"} {
			t.Run(policy, func(t *testing.T) {
				expectActivated(t, exec.Command(binary, "run", "-i", "1", "--log-format", "json", "--node", node.Path, "--sched", policy, script))
			})
		}
	})
}

// expectActivated starts a program with a listening socket, a UDP socket and a file, and uses both sockets.
func expectActivated(t *testing.T, cmd *exec.Cmd) {
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	packets, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer packets.Close()
	file, err := os.Open("/etc/passwd")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, socket := range []interface{ File() (*os.File, error) }{l, packets} {
		f, err := socket.File()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		cmd.ExtraFiles = append(cmd.ExtraFiles, f)
	}
	cmd.ExtraFiles = append(cmd.ExtraFiles, file)
	var inherited []string
	for _, f := range cmd.ExtraFiles {
		link, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", f.Fd()))
		if err != nil {
			t.Fatal(err)
		}
		inherited = append(inherited, link)
	}
	p := launchCommand(t, cmd)
	var said struct {
		Links []string
		Own   string
	}
	p.stdout.await(t, "what the worker has", func(text string) bool { return json.Unmarshal([]byte(text), &said) == nil })
	for _, link := range said.Links {
		if slices.Contains(inherited, link) {
			t.Errorf("the worker has %s", link)
		}
	}
	if said.Own != "EINVAL" {
		t.Errorf("listen on a file: %s, want EINVAL", said.Own)
	}
	if got := exchange(t, "tcp4", l.Addr().String()); got != "stream" {
		t.Errorf("the listening socket answers %q", got)
	}
	if got := exchange(t, "udp4", packets.LocalAddr().String()); got != "packet" {
		t.Errorf("the UDP socket answers %q", got)
	}
	p.signal(syscall.SIGTERM)
	p.wait()
}

// exchange sends a word and returns what comes back.
func exchange(t *testing.T, network, address string) string {
	t.Helper()
	conn, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 64)
	n, err := conn.Read(answer)
	if err != nil {
		t.Error(err)
	}
	return string(answer[:n])
}
