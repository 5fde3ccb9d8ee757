//go:build unix

package measure

import (
	"net"
	"net/http"
	"testing"
)

// serveHTTP serves until the test ends, and gives where.
func serveHTTP(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler}
	served := make(chan struct{})
	go func() { defer close(served); server.Serve(listener) }()
	t.Cleanup(func() { server.Close(); <-served })
	return listener.Addr().String()
}
