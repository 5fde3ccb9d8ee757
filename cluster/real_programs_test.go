//go:build unix

package cluster_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func TestRealPrograms(t *testing.T) {
	for _, app := range []string{"http.js", "express.js", "fastify.js", "selfprimary.js"} {
		t.Run(app, func(t *testing.T) {
			nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
				nodetest.NoLeaks(t)
				p := clustertest.StartReal(t, node, clustertest.RealApp(t, app), 2, 1)
				p.ExpectWorkers(t, clustertest.Identities(t, clustertest.RealClient(t, false, nil), p.URL("/"), 4))
				p.ExpectOrderlyEnd(t)
			})
		})
	}
}

func TestRealTCPUnixAndUDP(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		path, udp := filepath.Join(t.TempDir(), "socket"), nodetest.FreePort(t)
		p := clustertest.StartReal(t, node, clustertest.RealApp(t, "threeway.js"), 2, 3, "SOCKET="+path, "UDP_PORT="+strconv.Itoa(udp))

		p.ExpectWorkers(t, clustertest.Identities(t, clustertest.RealClient(t, false, nil), p.URL("/"), 4))
		overUnix := clustertest.RealClient(t, false, func(ctx context.Context) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		})
		p.ExpectWorkers(t, clustertest.Identities(t, overUnix, "http://unix/", 4))
		expectDatagrams(t, p, udp)
		p.ExpectOrderlyEnd(t)
	})
}

// expectDatagrams has datagrams answered by workers; which of them, is the kernel's choice.
func expectDatagrams(t *testing.T, p *clustertest.RealProgram, port int) {
	t.Helper()
	conn, err := net.Dial("udp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	deadline, _ := clustertest.Patient(t).Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 1024)
	for range 20 {
		if _, err := conn.Write([]byte("who are you?")); err != nil {
			t.Fatal(err)
		}
		n, err := conn.Read(buffer)
		if err != nil {
			t.Fatal(err)
		}
		var answer clustertest.RealIdentity
		if err := json.Unmarshal(buffer[:n], &answer); err != nil {
			t.Fatal(err)
		}
		if w := p.Workers[answer.Worker]; w == nil || w.Pid() != answer.Pid {
			t.Fatalf("a datagram of pid %d, worker %d, which is none of the primary's", answer.Pid, answer.Worker)
		}
	}
}

func TestRealTLSSessionsResumeOnAnyWorker(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
				nodetest.NoLeaks(t)
				const workers = 3
				p := clustertest.StartReal(t, node, clustertest.RealApp(t, "https.js"), workers, 1)
				client := clustertest.TLSClient(t, version)
				url := fmt.Sprintf("https://localhost:%d/", p.Port)
				var answers []clustertest.RealIdentity
				for i := range 2 * workers {
					answer, response, err := clustertest.Identity(client, url)
					if err != nil {
						t.Fatal(err)
					}
					answers = append(answers, answer)
					if got, want := response.TLS.DidResume, i > 0; got != want {
						t.Errorf("connection %d, worker %d: resumed is %v, want %v", i, answer.Worker, got, want)
					}
					if response.TLS.Version != version {
						t.Errorf("connection %d has %s", i, tls.VersionName(response.TLS.Version))
					}
				}
				p.ExpectWorkers(t, answers[1:])
				p.ExpectOrderlyEnd(t)
			})
		})
	}
}
