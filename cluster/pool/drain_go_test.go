//go:build linux

package pool_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cluster/worker"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func init() { clustertest.Programs["drained"] = serveDrained }

// serveDrained is drainedServers as a worker in Go: an HTTP server, and one of HTTPS that speaks HTTP/2 too.
func serveDrained() error {
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || r.URL.Path == "/unread" {
			fmt.Fprint(w, "x")
			return
		}
		n, _ := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, n)
	})
	pair, err := tls.LoadX509KeyPair(os.Getenv("TLS_CERT"), os.Getenv("TLS_KEY"))
	if err != nil {
		return err
	}
	servers := []*http.Server{
		{Handler: answer},
		{Handler: answer, TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2", "http/1.1"}}},
	}
	failed := make(chan error, len(servers))
	for i, port := range strings.Fields(os.Getenv("PORTS")) {
		go func() { failed <- worker.Serve(context.Background(), servers[i], "tcp", "127.0.0.1:"+port) }()
	}
	for range servers {
		if err := <-failed; err != nil {
			return err
		}
	}
	return nil
}

// Workers in Go lose no request either.
func TestDrainOfGoWorkers(t *testing.T) {
	nodetest.NoLeaks(t)
	var reloading sync.WaitGroup
	for _, policy := range cluster.SchedulingPolicies() {
		plain, encrypted := clustertest.FreePort(t), clustertest.FreePort(t)
		r := newRig(t, cluster.Settings{
			ExecPath: os.Args[0], SchedulingPolicy: policy,
			Env: append(clustertest.AsProgram("drained"), fmt.Sprintf("PORTS=%d %d", plain, encrypted),
				"TLS_KEY="+clustertest.RealApp(t, "tls/key.pem"), "TLS_CERT="+clustertest.RealApp(t, "tls/cert.pem")),
		}, pool.Options{Instances: 2, KillTimeout: clustertest.Patience})
		for id := 1; id <= 2; id++ {
			r.Listening(t, id, plain)
			r.Listening(t, id, encrypted)
		}
		d := &drained{r, [3]int{plain, encrypted, encrypted}}
		clients := startDrainClients(t, string(policy), d.goKinds())
		reloading.Go(func() { reloadUnderLoad(t, string(policy), r.Pool, 3, clients) })
	}
	reloading.Wait()
}

// goKinds are clients of workers in Go. What is sent together net/http answers one by one, so that the first answer may be the last.
func (d *drained) goKinds() (kinds []clientKind) {
	for _, transport := range transports[:2] {
		open := func() (net.Conn, error) { return transport.open(d) }
		for name, k := range map[string]talker{
			"at once":         {asks: []ask{small}, burst: 20, thought: maxThought},
			"new connections": {late: maxThought, asks: []ask{small}, once: true},
			"uploads":         {asks: []ask{large}, thought: maxThought},
			"unread uploads":  {asks: []ask{newAsk("POST", "/unread", upload[:100<<10], "x")}, thought: maxThought},
		} {
			k.open = open
			kinds = append(kinds, clientKind{transport.name + ", " + name, k.talk})
		}
	}
	open := func() (net.Conn, error) { return transports[0].open(d) }
	kinds = append(kinds, clientKind{"http, new connections at once", talker{open: open, asks: []ask{small}, once: true, thought: 30 * time.Millisecond}.talk})
	return append(kinds, clientKind{"http2", d.http2Client()})
}
