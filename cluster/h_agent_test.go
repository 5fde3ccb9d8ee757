//go:build linux

package cluster_test

import (
	"bufio"
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

// leftAsExpected is with what code a program exits that found everything as it should be.
const leftAsExpected = 7

func identityHandler(self *worker.Process) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(realIdentity{Pid: os.Getpid(), Worker: self.ID()})
	})
}

// greeted opens a connection to an agent's port and gives the worker that greets.
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
