//go:build linux

package worker_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster/worker"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// tlsIdentityProgram is an HTTPS server that says who it is.
const tlsIdentityProgram = "tls identity"

func init() { clustertest.Programs[tlsIdentityProgram] = runTLSIdentity }

func runTLSIdentity() error {
	certificate, err := tls.LoadX509KeyPair(os.Getenv("CERTIFICATE"), os.Getenv("KEY"))
	if err != nil {
		return err
	}
	ctx := context.Background()
	self, err := worker.Join(ctx)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:   clustertest.IdentityHandler(self),
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}},
	}
	return self.Serve(ctx, server, "tcp", ":"+os.Getenv("PORT"))
}

// TestTLSSessionsResumeOnAnyGoWorker has a client whose session any worker of the pool resumes, under a real Node
// primary, which hands on the first worker's keys, and under ours.
func TestTLSSessionsResumeOnAnyGoWorker(t *testing.T) {
	nodetest.NoLeaks(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	const workers = 3
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		p := clustertest.StartTracingPrimary(t, node, nil)
		p.Setup(cluster.SchedRR, map[string]any{})
		port := nodetest.FreePort(t)
		for range workers {
			p.Fork(self, nil, tlsEnvironment(t, port)...)
		}
		p.Await(t, "all workers", func(clustertest.Occurrence) bool { return p.Count("listening") == workers })
		expectResumption(t, port, workers)
	})
	t.Run("ours", func(t *testing.T) {
		r := clustertest.NewRig(t, cluster.Settings{ExecPath: self, SchedulingPolicy: cluster.SchedRR})
		port := nodetest.FreePort(t)
		for range workers {
			w := r.MustFork(tlsEnvironment(t, port)...)
			r.Listening(t, w.ID(), port)
		}
		expectResumption(t, port, workers)
	})
}

func tlsEnvironment(t *testing.T, port int) []string {
	return append(clustertest.AsProgram(tlsIdentityProgram), "PORT="+strconv.Itoa(port),
		"CERTIFICATE="+clustertest.RealApp(t, "tls/cert.pem"), "KEY="+clustertest.RealApp(t, "tls/key.pem"))
}

func expectResumption(t *testing.T, port, workers int) {
	t.Helper()
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			client := clustertest.TLSClient(t, version)
			seen := map[int]bool{}
			for i := range 2 * workers {
				answer, response, err := clustertest.Identity(client, fmt.Sprintf("https://localhost:%d/", port))
				if err != nil {
					t.Fatal(err)
				}
				seen[answer.Worker] = true
				if got, want := response.TLS.DidResume, i > 0; got != want {
					t.Errorf("connection %d, worker %d: resumed is %v, want %v", i, answer.Worker, got, want)
				}
			}
			if len(seen) != workers {
				t.Errorf("answers of %d workers, want %d", len(seen), workers)
			}
		})
	}
}
