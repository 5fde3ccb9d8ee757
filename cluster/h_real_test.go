//go:build unix

package cluster_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

// tlsClient makes a client that remembers its sessions, but keeps no connection.
func tlsClient(t *testing.T, version uint16) *http.Client {
	t.Helper()
	certificate, err := os.ReadFile(realApp(t, filepath.Join("tls", "cert.pem")))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(certificate) {
		t.Fatal("no certificate in cert.pem")
	}
	client := realClient(t, false, nil)
	client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{
		RootCAs: roots, MinVersion: version, MaxVersion: version,
		ClientSessionCache: tls.NewLRUClientSessionCache(0),
	}
	return client
}
