package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// maxBody is how many bytes of an answer's body are read.
const maxBody = 10 << 10

// HTTPGet is a check that succeeds when a GET is answered with a status from 200 to 399. A redirection is not followed.
type HTTPGet struct {
	// HTTPS has the request go over TLS, as HTTP/1.1 or HTTP/2. The certificate is not verified, as Kubernetes does not.
	HTTPS bool
	// Host is the request's Host, and the name in TLS; "localhost" by default. Nobody is asked for its address.
	Host string
	// Path is the path, with a query if there is one; "/" by default.
	Path string
	// Header are further fields of the request.
	Header http.Header
}

func (g HTTPGet) validate() error {
	_, err := g.url()
	return err
}

func (g HTTPGet) url() (*url.URL, error) {
	scheme, host, path := "http", g.Host, g.Path
	if g.HTTPS {
		scheme = "https"
	}
	if host == "" {
		host = "localhost"
	}
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	u, err := url.Parse(scheme + "://" + host + path)
	if err != nil || u.Host != host {
		return nil, fmt.Errorf("no URL of host %q and path %q: use a host such as example.com and a path such as /healthz", g.Host, g.Path)
	}
	return u, nil
}

// Check makes the request on a connection of its own.
func (g HTTPGet) Check(ctx context.Context, t Target) error {
	u, err := g.url()
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	for name, values := range g.Header {
		request.Header[http.CanonicalHeaderKey(name)] = values
	}
	if request.Header.Get("User-Agent") == "" {
		request.Header.Set("User-Agent", "nodecluster-probe")
	}
	transport := t.transport()
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	// A server whose answer is cut off may take that for an error of its client's.
	if _, err := io.CopyN(io.Discard, response.Body, maxBody); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("status %d, and then %w", response.StatusCode, err)
	}
	if response.StatusCode < 200 || response.StatusCode >= 400 {
		return fmt.Errorf("status %d", response.StatusCode)
	}
	return nil
}

// transport makes one for a single request.
func (t Target) transport() *http.Transport {
	return &http.Transport{
		DialContext:            func(ctx context.Context, _, _ string) (net.Conn, error) { return t.Dial(ctx) },
		TLSClientConfig:        &tls.Config{InsecureSkipVerify: true},
		ForceAttemptHTTP2:      true,
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: 64 << 10,
	}
}
