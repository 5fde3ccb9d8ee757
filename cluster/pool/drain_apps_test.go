//go:build linux

package pool_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// startRealPool runs one of the sample programs in two workers.
func startRealPool(t *testing.T, node nodetest.Runtime, app string, o pool.Options, method cluster.StopMethod) (*rig, int) {
	t.Helper()
	port := clustertest.FreePort(t)
	settings := clustertest.RealSettings(t, node, clustertest.RealApp(t, app), nil)
	settings.Env = append(settings.Env, "PORT="+strconv.Itoa(port))
	settings.StopMethod = method
	o.Instances = 2
	r := newRig(t, settings, o)
	for id := 1; id <= o.Instances; id++ {
		r.Listening(t, id, port)
	}
	return r, port
}

// Frameworks lose no request in reloads, though their clients keep their connections.
func TestDrainOfFrameworks(t *testing.T) {
	nodetest.NoLeaks(t)
	nodes := nodetest.Nodes(t)
	node := nodes[len(nodes)-1] // the frameworks run on no old one
	var reloading sync.WaitGroup
	for _, app := range []string{"express5.js", "fastify.js", "nest.js"} {
		r, port := startRealPool(t, node, app, pool.Options{KillTimeout: clustertest.Patience}, cluster.StopDisconnect)
		clients := startDrainClients(t, app, slices.Repeat([]clientKind{frameworkClient(port)}, 4))
		reloading.Go(func() { reloadUnderLoad(t, app, r.Pool, 5, clients) })
	}
	reloading.Wait()
}

// frameworkClient keeps a connection until an answer says that it is the last one, whatever the answer is.
func frameworkClient(port int) clientKind {
	open := func() (net.Conn, error) { return net.Dial("tcp", clustertest.Local(port)) }
	return clientKind{"a client", talker{open: open, asks: []ask{newAsk("GET", "/", nil, anything)}, burst: 5, thought: maxThought}.talk}
}

// The clients of a WebSocket server that closes their connections at SIGTERM see it close them, by a reload too.
func TestDrainOfWebSockets(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		var reloading sync.WaitGroup
		for _, method := range []cluster.StopMethod{cluster.StopDisconnect, cluster.StopBySignal} {
			r, port := startRealPool(t, node, "ws.js", pool.Options{KillTimeout: 4 * time.Second}, method)
			for range 4 {
				socket, err := openWebSocket(port)
				if err != nil {
					t.Fatal(err)
				}
				reloading.Go(func() {
					defer socket.Close()
					if code, err := socket.awaitClose(); code != 1001 || err != nil {
						t.Errorf("%s: a WebSocket is closed with %d, %v", method, code, err)
					}
				})
			}
			reloading.Go(func() {
				if _, err := r.Reload(clustertest.Patient(t), pool.ReloadOptions{Bake: -1, Parallel: 2}); err != nil {
					t.Errorf("%s: %v", method, err)
				}
			})
		}
		reloading.Wait()
	})
}

// webSocket is the client's end of one.
type webSocket struct {
	net.Conn
	frames *bufio.Reader
}

func openWebSocket(port int) (*webSocket, error) {
	conn, err := net.Dial("tcp", clustertest.Local(port))
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(clustertest.Patience))
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
	s := &webSocket{conn, bufio.NewReader(conn)}
	response, err := http.ReadResponse(s.frames, nil)
	if err == nil && response.StatusCode != http.StatusSwitchingProtocols {
		err = fmt.Errorf("the answer is %s", response.Status)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return s, nil
}

// awaitClose returns the code with which the server closes, answers it, and waits for the end of the connection.
func (s *webSocket) awaitClose() (code int, err error) {
	var frame [4]byte // a close without a text
	if _, err := io.ReadFull(s.frames, frame[:]); err != nil {
		return 0, err
	}
	if frame[0] != 0x88 || frame[1] != 2 {
		return 0, fmt.Errorf("the frame is % x, and no close", frame)
	}
	if _, err := s.Write([]byte{0x88, 0x82, 0, 0, 0, 0, frame[2], frame[3]}); err != nil {
		return 0, err
	}
	_, err = s.frames.ReadByte()
	if err == io.EOF {
		err = nil
	}
	return int(binary.BigEndian.Uint16(frame[2:])), err
}
