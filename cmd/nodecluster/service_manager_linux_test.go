package main

import (
	"fmt"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// serviceManager hears what a program says to NOTIFY_SOCKET, as systemd does. A systemd itself must not run beside the tests.
type serviceManager struct {
	t    *testing.T
	said chan string
}

// newServiceManager listens, and gives the variables of a service of Type=notify.
func newServiceManager(t *testing.T) (m *serviceManager, env []string) {
	t.Helper()
	nodetest.NoLeaks(t)
	path := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	const most = 10000
	m = &serviceManager{t: t, said: make(chan string, most)}
	go func() {
		defer close(m.said)
		b := make([]byte, 8192)
		for {
			n, err := socket.Read(b)
			if err != nil {
				return
			}
			m.said <- string(b[:n])
		}
	}()
	t.Cleanup(func() {
		socket.Close()
		for range m.said {
		}
	})
	return m, []string{"NOTIFY_SOCKET=" + path, "WATCHDOG_USEC=300000"}
}

// await waits until something is said that begins as a regular expression says. It returns what was said since the last call, but not that the
// program lives.
func (m *serviceManager) await(begin string) (said []string) {
	m.t.Helper()
	wanted := regexp.MustCompile("^(?:" + begin + ")")
	late := time.After(patience)
	for {
		select {
		case text := <-m.said:
			if !strings.HasPrefix(text, "WATCHDOG") {
				said = append(said, text)
			}
			if wanted.MatchString(text) {
				return said
			}
		case <-late:
			m.t.Fatalf("nothing begins with %q in %q", begin, said)
		}
	}
}

// expectNone fails the test if something was said that begins so.
func expectNone(t *testing.T, said []string, begin string) {
	t.Helper()
	for _, text := range said {
		if strings.HasPrefix(text, begin) {
			t.Errorf("it is said %q in %q", text, said)
		}
	}
}

// A service manager is told when the application is up, reloads and ends, and how it is doing.
func TestServiceManager(t *testing.T) {
	m, env := newServiceManager(t)
	idlers, idleEnv := newServiceManager(t)
	idle := launch(t, idleEnv, "-i", "1", ownHeap, nodetest.Script(t, "idle.js", "setInterval(() => {}, 1000)"))
	folder := t.TempDir()
	open, script := filepath.Join(folder, "open"), filepath.Join(folder, "server.js")
	writeFile(t, script, fmt.Appendf(nil, `
		const server = require('http').createServer((request, response) => response.end('ok'));
		server.keepAliveTimeout = 0;
		const look = () => require('fs').existsSync(%q) ? server.listen(process.env.PORT) : setTimeout(look, 5);
		console.log('manager:', process.env.NOTIFY_SOCKET, process.env.WATCHDOG_USEC);
		look();`, open))
	port := nodetest.FreePort(t)
	p := launch(t, append(env, portVariable(port)...), "-i", "2", "--bake", "0s", "--listen-timeout", "40s", ownHeap, script)

	p.stdout.awaitText(t, "manager: undefined undefined")
	m.await("EXTEND_TIMEOUT_USEC=100000000$") // 40 s to start, and a minute
	expectNone(t, m.await("STATUS=starting, 0/2 workers"), "READY")
	writeFile(t, open, nil)
	m.await("READY=1")
	client := dialApp(t, port)
	m.await("STATUS=2/2 workers, ")
	m.await("WATCHDOG=1")

	p.signal(syscall.SIGHUP)
	expectNone(t, m.await("RELOADING=1\nMONOTONIC_USEC="), "READY")
	m.await("EXTEND_TIMEOUT_USEC=")
	m.await("STATUS=reloading, 2/2 workers, ")
	m.await("READY=1")
	client.Close()
	defer dialApp(t, port).Close()
	writeFile(t, script, []byte("throw new Error('bad release')"))
	p.signal(syscall.SIGHUP)
	m.await("RELOADING=1\n")
	m.await("READY=1")
	m.await("STATUS=.*2/2 workers, 1 connection$") // they are counted after each change
	p.await("error", 1)

	p.signal(syscall.SIGTERM)
	expectNone(t, m.await("STOPPING=1"), "RELOADING")
	m.await("EXTEND_TIMEOUT_USEC=")
	m.await("STATUS=stopping, ")
	p.expectStatus(0)

	// What listens on nothing is up when it has run for a while.
	idlers.await("READY=1")
	idle.stop()
	expectNone(t, idlers.await("STOPPING=1"), "RELOADING")
}

// dialApp makes a connection that an application has answered on, and that stays open.
func dialApp(t *testing.T, port int) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", localhost(port))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
	answer := make([]byte, 256)
	if n, err := conn.Read(answer); err != nil || !strings.HasPrefix(string(answer[:n]), "HTTP/1.1 200 ") {
		t.Fatalf("the answer is %q, %v", answer[:n], err)
	}
	return conn
}

// A service manager that is gone is warned of, and the application runs.
func TestServiceManagerThatIsGone(t *testing.T) {
	port := nodetest.FreePort(t)
	env := append(portVariable(port), "NOTIFY_SOCKET="+filepath.Join(t.TempDir(), "nobody"))
	p := launch(t, env, "-i", "1", ownHeap, app(t, "http.js"))
	p.await("listening", 1)
	if warnings := p.events("warning"); len(warnings) != 1 || !strings.Contains(p.stderr.String(), "notify the service manager") {
		t.Errorf("the warnings are %v", warnings)
	}
	p.stop()
}
