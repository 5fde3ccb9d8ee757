package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// passSockets has a command be started with sockets as systemd passes them: they are those of the process that the shell becomes.
func passSockets(t *testing.T, cmd *exec.Cmd, names string, sockets ...interface{ File() (*os.File, error) }) *exec.Cmd {
	t.Helper()
	script := fmt.Sprintf(`LISTEN_PID=$$ LISTEN_FDS=%d LISTEN_FDNAMES=%s exec "$@"`, len(sockets), names)
	shell := exec.Command("sh", append([]string{"-c", script, "sh"}, cmd.Args...)...)
	shell.Env, shell.Dir = cmd.Env, cmd.Dir
	for _, socket := range sockets {
		f, err := socket.File()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		shell.ExtraFiles = append(shell.ExtraFiles, f)
	}
	return shell
}

// listenAs opens a socket as systemd does, which leaves a path to whoever made it.
func listenAs(t *testing.T, network, address string) net.Listener {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	if l, ok := l.(*net.UnixListener); ok {
		l.SetUnlinkOnClose(false)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func portOf(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

// knowsNothing is a program that listens as if there were no systemd.
const knowsNothing = `
	const dgram = require('dgram'), http = require('http'), net = require('net');
	const { HTTP, TCP, SOCKET, UDP } = process.env;
	http.createServer((request, response) => response.end('http')).listen(HTTP);
	net.createServer((socket) => socket.end('tcp')).listen({ port: TCP, host: '127.0.0.1' });
	net.createServer((socket) => socket.end('unix')).listen(SOCKET);
	const packets = dgram.createSocket('udp4', (text, peer) => packets.send('udp', peer.port, peer.address)).bind(UDP);
	const own = net.createServer().on('error', ({ code }) => console.log('own: ' + code));
	own.listen({ port: TCP, host: '127.0.0.1', exclusive: true });`

// A program that knows nothing of systemd listens on the sockets that it has opened. Who came before the start is answered.
func TestUnchangedProgramOnSockets(t *testing.T) {
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		script := nodetest.Script(t, "server.js", knowsNothing)
		for _, policy := range []string{"rr", "none", "reuseport", "sticky"} {
			t.Run(policy, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "socket")
				web, tcp, unix := listenAs(t, "tcp", ":0"), listenAs(t, "tcp", "127.0.0.1:0"), listenAs(t, "unix", path)
				udp, err := net.ListenUDP("udp4", &net.UDPAddr{})
				if err != nil {
					t.Fatal(err)
				}
				defer udp.Close()
				udpPort := udp.LocalAddr().(*net.UDPAddr).Port
				early := map[string]net.Conn{
					"http": sayTo(t, "tcp", localhost(portOf(web)), "GET / HTTP/1.0\r\n\r\n"), "tcp": sayTo(t, "tcp", tcp.Addr().String(), ""),
					"unix": sayTo(t, "unix", path, ""), "udp": sayTo(t, "udp", localhost(udpPort), "early"),
				}
				cmd := runCommand(t, []string{
					fmt.Sprint("HTTP=", portOf(web)), fmt.Sprint("TCP=", portOf(tcp)), "SOCKET=" + path, fmt.Sprint("UDP=", udpPort),
				}, "-i", "2", "--node", node.Path, "--sched", policy, ownHeap, script)
				p := launchCommand(t, passSockets(t, cmd, "web:tcp:unix:udp", web.(*net.TCPListener), tcp.(*net.TCPListener), unix.(*net.UnixListener), udp))
				p.await("listening", 8)
				for want, conn := range early {
					if got := restOf(t, conn); !strings.HasSuffix(got, want) {
						t.Errorf("%s answers %q", want, got)
					}
				}
				p.stdout.awaitText(t, "own: EADDRINUSE") // what is exclusive is not the primary's
				told := map[string]int{"reuseport": 1, "sticky": 1}[policy]
				if n := strings.Count(p.stderr.String(), "no group is made"); n != told {
					t.Errorf("it is told %d times that there is no group, want %d", n, told)
				}
				p.stop()
				if _, err := os.Stat(path); err != nil {
					t.Errorf("the path of systemd's has gone: %v", err)
				}
			})
		}
	})
}

// sayTo connects, or makes a socket for packets, and says something.
func sayTo(t *testing.T, network, address, text string) net.Conn {
	t.Helper()
	conn, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	return conn
}

// restOf is what comes on a connection until its end, or in one packet. It closes the connection.
func restOf(t *testing.T, conn net.Conn) string {
	t.Helper()
	defer conn.Close()
	if conn, ok := conn.(*net.UDPConn); ok {
		b := make([]byte, 64)
		n, err := conn.Read(b)
		if err != nil {
			t.Error(err)
		}
		return string(b[:n])
	}
	text, err := io.ReadAll(conn)
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

// An application that was started keeps its socket through a reload, and through the death of its supervisor: who comes meanwhile waits for
// the next one.
func TestRecordedApplicationOnSockets(t *testing.T) {
	m := newManager(t)
	port := nodetest.FreePort(t)
	m.env = append(m.env, portVariable(port)...)
	m.do("start", nodetest.Script(t, "server.js", busy), "-n", "api", "-i", "2", "--bake", "0s")
	m.do("stop", "api")
	web := listenAs(t, "tcp", fmt.Sprint(":", port))
	run := func() *program {
		cmd := exec.Command(binary, "run", "--name", "api")
		cmd.Env = append(os.Environ(), m.env...)
		return launchCommand(t, passSockets(t, cmd, "web", web.(*net.TCPListener)))
	}
	const request = "GET / HTTP/1.0\r\n\r\n"
	expectServed := func(conn net.Conn) {
		t.Helper()
		if got := restOf(t, conn); !strings.HasSuffix(got, "served") {
			t.Errorf("the answer is %q", got)
		}
	}
	early := sayTo(t, "tcp", localhost(port), request)
	first := run()
	expectServed(early)
	poll(t, "both workers listen", func() bool { return m.app("api").Ready == 2 })
	before := m.pids("api")
	expectNoneLost(t, port, func() { m.do("reload", "api") })
	after := m.pids("api")
	if slices.ContainsFunc(after, func(pid int) bool { return slices.Contains(before, pid) }) || len(after) != 2 {
		t.Errorf("the workers are %v after a reload, and were %v", after, before)
	}

	first.signal(syscall.SIGKILL)
	first.wait()
	for _, pid := range after {
		poll(t, "the workers have ended", func() bool { return isGone(pid) })
	}
	waiting := sayTo(t, "tcp", localhost(port), request)
	second := run()
	expectServed(waiting)
	m.do("stop", "api")
	second.expectStatus(0)
}

// byName listens on the sockets that systemd has opened, by the names that their unit gives them.
const byName = `
	const http = require('http');
	for (const name of ['HTTP', 'ADMIN_API']) {
		const fd = Number(process.env['NODECLUSTER_FD_' + name]);
		http.createServer((request, response) => response.end(name + ' ' + process.pid)).listen({ fd });
	}`

// Sockets that systemd has opened are listened on by their names, also after a reload.
func TestSocketsByName(t *testing.T) {
	web, admin := listenAs(t, "tcp4", "127.0.0.1:0"), listenAs(t, "tcp4", "127.0.0.1:0")
	ports := []int{portOf(web), portOf(admin)}
	cmd := runCommand(t, nil, "-i", "1", "--bake", "0s", ownHeap, nodetest.Script(t, "byname.js", byName))
	p := launchCommand(t, passSockets(t, cmd, "http:admin-api", web.(*net.TCPListener), admin.(*net.TCPListener)))
	p.await("listening", 2)
	before := []string{answerOf(t, ports[0]), answerOf(t, ports[1])}
	p.signal(syscall.SIGHUP)
	p.await("reloaded", 1)
	for i, name := range []string{"HTTP", "ADMIN_API"} {
		if after := answerOf(t, ports[i]); after == before[i] || !strings.HasPrefix(before[i], name+" ") || !strings.HasPrefix(after, name+" ") {
			t.Errorf("%s answers %q, and %q after a reload", name, before[i], after)
		}
	}
	p.stop()
}
