//go:build unix

package clustertest

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"golang.org/x/sys/unix"
)

// Client is a connection to an agent's server.
type Client struct {
	net.Conn
	Reader *bufio.Reader
}

// Connect opens a connection, which ends with the test at the latest.
func Connect(t testing.TB, network, address string) *Client {
	t.Helper()
	conn, err := net.DialTimeout(network, address, Patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return NewClient(t, conn)
}

func NewClient(t testing.TB, conn net.Conn) *Client {
	t.Helper()
	if err := conn.SetDeadline(time.Now().Add(Patience)); err != nil {
		t.Fatal(err)
	}
	return &Client{conn, bufio.NewReader(conn)}
}

// Worker waits for the greeting and says whose it is.
func (c *Client) Worker(t testing.TB) int {
	t.Helper()
	id, err := c.Greeting()
	if err != nil {
		t.Fatalf("no greeting from %s: %v", c.RemoteAddr(), err)
	}
	return id
}

func (c *Client) Greeting() (int, error) {
	line, err := c.Reader.ReadString('\n')
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(line))
}

// WhoServes opens a connection, waits for the greeting and closes it.
func WhoServes(t testing.TB, network, address string) int {
	t.Helper()
	c := Connect(t, network, address)
	defer c.Close()
	return c.Worker(t)
}

func Local(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

// Serves counts who has served how many of n connections, one after the other.
func Serves(t testing.TB, port, n int) map[int]int {
	t.Helper()
	served := map[int]int{}
	for range n {
		served[WhoServes(t, "tcp", Local(port))]++
	}
	return served
}

// AskUDP sends a datagram and gives what comes back. A datagram may be lost, so it is repeated.
func AskUDP(t testing.TB, network, address, text string) string {
	t.Helper()
	conn, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	buffer := make([]byte, 1024)
	for end := time.Now().Add(Patience); time.Now().Before(end); {
		if _, err := conn.Write([]byte(text)); err != nil {
			continue // refused before: the server was not there yet
		}
		conn.SetReadDeadline(time.Now().Add(time.Second))
		if n, err := conn.Read(buffer); err == nil {
			return string(buffer[:n])
		}
	}
	t.Fatalf("no answer from %s %s", network, address)
	return ""
}

// FreePort is nodetest.FreePort in a process that starts others meanwhile.
func FreePort(t testing.TB) int {
	t.Helper()
	port := nodetest.FreePort(t)
	AwaitForks(t)
	return port
}

// Greeted opens a connection to an agent's port and returns the worker that greets.
func Greeted(port int) (worker int, err error) {
	conn, err := net.DialTimeout("tcp", Local(port), Patience)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(Patience)); err != nil {
		return 0, err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(line))
}

// ExpectNobody expects connections to a port to be refused.
func ExpectNobody(t *testing.T, port int) {
	t.Helper()
	conn, err := net.Dial("tcp", Local(port))
	if err == nil {
		conn.Close()
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("connect to port %d: %v, want %v", port, err, syscall.ECONNREFUSED)
	}
}

// ListenAll has workers listen on a port.
func ListenAll(t testing.TB, r *Rig, port int, workers ...int) {
	t.Helper()
	for _, w := range workers {
		Listen(t, r, w, map[string]any{"port": port, "host": "127.0.0.1"})
	}
}

func ConnectAll(t testing.TB, port, n int) (clients []*Client) {
	t.Helper()
	for range n {
		clients = append(clients, Connect(t, "tcp", Local(port)))
	}
	return clients
}

// Greetings waits for all and counts them by worker.
func Greetings(t testing.TB, clients []*Client) map[int]int {
	t.Helper()
	by := map[int]int{}
	for _, c := range clients {
		by[c.Worker(t)]++
	}
	return by
}

func HangUp(clients []*Client) {
	for _, c := range clients {
		c.Close()
	}
}

// Stop sends SIGSTOP and waits until the worker stands still.
func Stop(t testing.TB, w *cluster.Worker) {
	t.Helper()
	if err := StandStill(w); err != nil {
		t.Fatal(err)
	}
}

func StandStill(w *cluster.Worker) error {
	if err := w.Kill(syscall.SIGSTOP); err != nil {
		return err
	}
	var status unix.WaitStatus
	for {
		_, err := unix.Wait4(w.Pid(), &status, unix.WUNTRACED, nil)
		switch {
		case err == unix.EINTR:
		case err != nil || !status.Stopped():
			return fmt.Errorf("worker %d does not stop: %v, %w", w.ID(), status, err)
		default:
			return nil
		}
	}
}

// Step runs a part of a test without which the rest makes no sense.
func Step(t *testing.T, name string, f func(t *testing.T)) {
	t.Helper()
	if !t.Run(name, f) {
		t.FailNow()
	}
}

func CloseServers(t testing.TB, d Driver, worker int, names ...string) {
	t.Helper()
	for _, name := range names {
		AskAgent(t, d, worker, Command{"do": "close", "name": name})
	}
}

func EachPolicy(t *testing.T, f func(t *testing.T, policy cluster.SchedulingPolicy)) {
	t.Helper()
	for _, policy := range cluster.SchedulingPolicies() {
		t.Run(string(policy), func(t *testing.T) { f(t, policy) })
	}
}

// ExpectRefusal checks that nobody listens on a port.
func ExpectRefusal(t testing.TB, port int) {
	t.Helper()
	AwaitForks(t)
	conn, err := net.Dial("tcp", Local(port))
	if err == nil {
		conn.Close()
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("connect: %v, want %v", err, syscall.ECONNREFUSED)
	}
}
