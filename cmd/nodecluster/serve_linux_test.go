package main

import (
	"io"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func TestServesWithEachNode(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		port := nodetest.FreePort(t)
		p := launch(t, portVariable(port), "--node", node.Path, "-i", "2", app(t, "http.js"))
		p.await("listening", 2)
		served := map[int]int{}
		for range 4 {
			who := mustAsk(t, "tcp", localhost(port))
			served[who.Worker] = who.PID
		}
		for _, fork := range p.events("fork") {
			if served[fork.Worker] != fork.PID {
				t.Errorf("worker %d has pid %d, but who served was %v", fork.Worker, fork.PID, served)
			}
		}
		p.stop()
	})
}

func TestScriptThatIsItsOwnPrimary(t *testing.T) {
	port := nodetest.FreePort(t)
	p := launch(t, portVariable(port), "-i", "2", app(t, "selfprimary.js"))
	p.await("listening", 2)
	p.stdout.awaitText(t, "worker 1 listening on "+strconv.Itoa(port)+"\n")
	p.stdout.awaitText(t, "worker 2 listening on "+strconv.Itoa(port)+"\n")
	if who := mustAsk(t, "tcp", localhost(port)); who.Worker < 1 || who.Worker > 2 {
		t.Errorf("worker %d served", who.Worker)
	}
	p.stop()
	if strings.Contains(p.stdout.String(), "primary") {
		t.Error("a worker took itself for a primary")
	}
}

func TestTCPAndUnixAndUDP(t *testing.T) {
	port, udpPort := nodetest.FreePort(t), nodetest.FreePort(t)
	path := filepath.Join(t.TempDir(), "socket")
	env := append(portVariable(port), "SOCKET="+path, "UDP_PORT="+strconv.Itoa(udpPort))
	p := launch(t, env, "-i", "2", app(t, "threeway.js"))
	events := p.await("listening", 6)

	mustAsk(t, "tcp", localhost(port))
	mustAsk(t, "unix", path)
	askUDP(t, udpPort)

	for _, want := range []event{
		{AddressType: "4", Port: &port},
		{AddressType: "-1", Address: path},
		{AddressType: "udp4", Address: "0.0.0.0", Port: &udpPort},
	} {
		if n := countAddress(events, want); n != 2 {
			t.Errorf("%d workers listen on %+v, want 2", n, want)
		}
	}
	p.stop()
}

func countAddress(events []event, want event) (n int) {
	for _, e := range events {
		same := want.Port == nil && e.Port == nil || want.Port != nil && e.Port != nil && *want.Port == *e.Port
		if same && e.AddressType == want.AddressType && e.Address == want.Address {
			n++
		}
	}
	return n
}

func askUDP(t *testing.T, port int) {
	t.Helper()
	conn, err := net.Dial("udp", localhost(port))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, "who?"); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 1024)
	n, err := conn.Read(answer)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(answer[:n]), `"worker":`) {
		t.Errorf("the answer is %q", answer[:n])
	}
}

func TestExecutableIsAWorkerByItself(t *testing.T) {
	port := nodetest.FreePort(t)
	source := "#!" + nodetest.Default(t).Path + `
		require('http').createServer((req, res) => {
			res.end(JSON.stringify({pid: process.pid, worker: require('cluster').worker.id}));
		}).listen(process.env.PORT, () => console.log(process.argv.slice(2)));`
	path := executable(t, "server", source)
	cmd := runCommand(t, portVariable(port))
	cmd.Args = []string{binary, "run", "--log-format=json", "-i", "2", path, "--flag", "-x"}
	p := launchCommand(t, cmd)
	p.await("listening", 2)
	p.stdout.awaitText(t, "[ '--flag', '-x' ]\n")
	mustAsk(t, "tcp", localhost(port))
	p.stop()
}

func TestAFailedWorkerHasASuccessor(t *testing.T) {
	port := nodetest.FreePort(t)
	p := launch(t, portVariable(port), "-i", "1", app(t, "http.js"))
	first := p.await("listening", 1)[0]
	if err := syscall.Kill(first.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if exit := p.await("exit", 1)[0]; exit.Signal != "SIGKILL" || exit.Code != nil || *exit.ExitedAfterDisconnect {
		t.Errorf("the exit of a worker that was killed is %+v", exit)
	}
	p.await("listening", 2)
	if who := mustAsk(t, "tcp", localhost(port)); who.Worker != 2 {
		t.Errorf("worker %d served, want 2", who.Worker)
	}
	p.stop()
}

func TestEventsOfALife(t *testing.T) {
	port := nodetest.FreePort(t)
	script := nodetest.Script(t, "life.js", `
		require('net').createServer().listen(+process.env.PORT, '127.0.0.1', () => setImmediate(() => process.send('ready')));`)
	p := launch(t, portVariable(port), "-i", "1", ownHeap, script)
	p.await("message", 1)
	p.stop()

	all := eventsIn(p.stderr.String())
	var names []string
	for _, e := range all {
		names = append(names, e.Name)
		if e.Worker != 1 || e.PID != all[0].PID || e.PID == 0 || e.Level != "INFO" || e.Time.IsZero() {
			t.Errorf("the event is %+v", e)
		}
	}
	slices.Sort(names[4:])
	if want := []string{"fork", "online", "listening", "message", "disconnect", "exit"}; !slices.Equal(names, want) {
		t.Fatalf("the events are %v, want %v", names, want)
	}
	if l := p.events("listening")[0]; l.Address != "127.0.0.1" || *l.Port != port || l.AddressType != "4" {
		t.Errorf("the listening event is %+v", l)
	}
	if d := p.events("disconnect")[0]; !*d.ExitedAfterDisconnect {
		t.Errorf("the disconnect event is %+v", d)
	}
	if e := p.events("exit")[0]; e.Code == nil || *e.Code != 0 || e.Signal != "" || !*e.ExitedAfterDisconnect {
		t.Errorf("the exit event is %+v", e)
	}
}
