//go:build unix

package cluster_test

import (
	"bufio"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// client is a connection to an agent's server.
type client struct {
	net.Conn
	reader *bufio.Reader
}

// connect opens a connection, which ends with the test at the latest.
func connect(t testing.TB, network, address string) *client {
	t.Helper()
	conn, err := net.DialTimeout(network, address, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return newClient(t, conn)
}

func newClient(t testing.TB, conn net.Conn) *client {
	t.Helper()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &client{conn, bufio.NewReader(conn)}
}

// worker waits for the greeting and says whose it is.
func (c *client) worker(t testing.TB) int {
	t.Helper()
	id, err := c.greeting()
	if err != nil {
		t.Fatalf("no greeting from %s: %v", c.RemoteAddr(), err)
	}
	return id
}

func (c *client) greeting() (int, error) {
	line, err := c.reader.ReadString('\n')
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(line))
}

// whoServes opens a connection, waits for the greeting and closes it.
func whoServes(t testing.TB, network, address string) int {
	t.Helper()
	c := connect(t, network, address)
	defer c.Close()
	return c.worker(t)
}

func local(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

// serves counts who has served how many of n connections, one after the other.
func serves(t testing.TB, port, n int) map[int]int {
	t.Helper()
	served := map[int]int{}
	for range n {
		served[whoServes(t, "tcp", local(port))]++
	}
	return served
}

// askUDP sends a datagram and gives what comes back. A datagram may be lost, so it is repeated.
func askUDP(t testing.TB, network, address, text string) string {
	t.Helper()
	conn, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	buffer := make([]byte, 1024)
	for end := time.Now().Add(patience); time.Now().Before(end); {
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

// freePort is nodetest.FreePort in a process that starts others meanwhile.
func freePort(t testing.TB) int {
	t.Helper()
	port := nodetest.FreePort(t)
	awaitForks(t)
	return port
}
