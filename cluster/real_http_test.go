//go:build unix

package cluster_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// heavyServer takes large bodies, gives them back, and turns connections into echoes.
const heavyServer = `
const cluster = require('cluster');
const crypto = require('crypto');
const http = require('http');

const server = http.createServer((req, res) => {
  if (req.method === 'GET') {
    res.end(JSON.stringify({ pid: process.pid, worker: cluster.worker.id }));
    return;
  }
  if (req.url === '/echo') {
    req.pipe(res);
    return;
  }
  const hash = crypto.createHash('sha256');
  req.on('data', (chunk) => hash.update(chunk));
  req.on('end', () => res.end(hash.digest('hex')));
});

server.on('upgrade', (req, socket, head) => {
  socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
  socket.write(head);
  socket.pipe(socket);
});

server.listen(process.env.PORT, () => console.log("listening on " + process.env.PORT));
`

func TestRealBodiesKeepAliveAndUpgrade(t *testing.T) {
	body := randomBytes(10 << 20)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		p := clustertest.StartReal(t, node, nodetest.Script(t, "heavy.cjs", heavyServer), 2, 1)
		expectUpload(t, p, body)
		expectEcho(t, p, body)
		expectKeepAlive(t, p)
		expectUpgrade(t, p, body[:1<<20])
		p.ExpectOrderlyEnd(t)
	})
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{}).Read(b)
	return b
}

func post(t *testing.T, p *clustertest.RealProgram, path string, body []byte) []byte {
	t.Helper()
	response, err := clustertest.RealClient(t, false, nil).Post(p.URL(path), "application/octet-stream", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func expectUpload(t *testing.T, p *clustertest.RealProgram, body []byte) {
	t.Helper()
	sum := sha256.Sum256(body)
	if got, want := string(post(t, p, "/hash", body)), hex.EncodeToString(sum[:]); got != want {
		t.Errorf("an upload of %d bytes arrived with the hash %q, want %q", len(body), got, want)
	}
}

func expectEcho(t *testing.T, p *clustertest.RealProgram, body []byte) {
	t.Helper()
	if got := post(t, p, "/echo", body); !bytes.Equal(got, body) {
		t.Errorf("a download of %d bytes differs from its upload of %d", len(got), len(body))
	}
}

// expectKeepAlive checks that requests of one connection go to one worker.
func expectKeepAlive(t *testing.T, p *clustertest.RealProgram) {
	t.Helper()
	var dials atomic.Int32
	client := clustertest.RealClient(t, true, func(ctx context.Context) (net.Conn, error) {
		dials.Add(1)
		return new(net.Dialer).DialContext(ctx, "tcp", p.URL("")[len("http://"):])
	})
	// Up to Node 18 a server that closes waits for connections that nobody uses.
	defer client.CloseIdleConnections()
	answers := clustertest.Identities(t, client, p.URL("/"), 50)
	if n := dials.Load(); n != 1 {
		t.Errorf("%d connections for requests that one could carry", n)
	}
	if slices.ContainsFunc(answers, func(a clustertest.RealIdentity) bool { return a != answers[0] }) {
		t.Errorf("one connection was answered by several workers: %v", answers)
	}
}

// expectUpgrade has a connection leave HTTP, and carry bytes both ways at once.
func expectUpgrade(t *testing.T, p *clustertest.RealProgram, data []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(clustertest.Patient(t), http.MethodGet, p.URL("/"), nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Connection", "Upgrade")
	request.Header.Set("Upgrade", "echo")
	response, err := clustertest.RealClient(t, true, nil).Transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	stream, ok := response.Body.(io.ReadWriter)
	if response.StatusCode != http.StatusSwitchingProtocols || !ok {
		t.Fatalf("an upgrade was answered with %s", response.Status)
	}
	written := make(chan error, 1)
	go func() {
		_, err := stream.Write(data)
		written <- err
	}()
	echo := make([]byte, len(data))
	if _, err := io.ReadFull(stream, echo); err != nil {
		t.Fatal(err)
	}
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(echo, data) {
		t.Error("the echo of an upgraded connection differs from what was sent")
	}
}
