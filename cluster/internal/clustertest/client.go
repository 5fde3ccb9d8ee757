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

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
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

// TakePort listens on a port until the test ends.
func TakePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().(*net.TCPAddr).Port
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
