//go:build linux

package cluster_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster/worker"
)

// identityProgram is an HTTP server that says who it is, as the sample programs do.
const identityProgram = "identity"

func init() { clustertest.Programs[identityProgram] = runIdentity }

func runIdentity() error {
	self, err := worker.Join(context.Background())
	if err != nil {
		return err
	}
	return self.Serve(context.Background(), &http.Server{Handler: identityHandler(self)}, "tcp", ":"+os.Getenv("PORT"))
}

func identityHandler(self *worker.Process) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(realIdentity{Pid: os.Getpid(), Worker: self.ID()})
	})
}

// greeted opens a connection to an agent's port and returns the worker that greets.
func greeted(port int) (worker int, err error) {
	conn, err := net.DialTimeout("tcp", clustertest.Local(port), clustertest.Patience)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(clustertest.Patience)); err != nil {
		return 0, err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(line))
}

// expectNobody expects connections to a port to be refused.
func expectNobody(t *testing.T, port int) {
	t.Helper()
	conn, err := net.Dial("tcp", clustertest.Local(port))
	if err == nil {
		conn.Close()
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("connect to port %d: %v, want %v", port, err, syscall.ECONNREFUSED)
	}
}
