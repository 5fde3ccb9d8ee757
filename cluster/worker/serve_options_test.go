package worker

import (
	"crypto/tls"
	"net/http"
	"testing"
	"time"
)

func TestShutdownTimeout(t *testing.T) {
	for _, c := range []struct{ given, want time.Duration }{
		{0, DefaultShutdownTimeout}, {time.Minute, time.Minute}, {-1, 0},
	} {
		before := time.Now()
		ctx, cancel := ServeOptions{ShutdownTimeout: c.given}.deadline()
		deadline, limited := ctx.Deadline()
		cancel()
		if limited != (c.want > 0) || limited && (deadline.Before(before.Add(c.want)) || deadline.After(time.Now().Add(c.want))) {
			t.Errorf("a timeout of %v ends %v from now, want %v", c.given, deadline.Sub(before), c.want)
		}
	}
}

func TestServerAddress(t *testing.T) {
	for _, c := range []struct {
		server                 *http.Server
		network, address, want string
	}{
		{&http.Server{Addr: ":1"}, "tcp4", ":2", "tcp4 :2"},
		{&http.Server{Addr: ":1"}, "", "", "tcp :1"},
		{&http.Server{}, "tcp", "", "tcp :http"},
		{&http.Server{TLSConfig: &tls.Config{}}, "", "", "tcp :https"},
		{&http.Server{}, "unix", "socket", "unix socket"},
	} {
		if network, address := serverAddress(c.server, c.network, c.address); network+" "+address != c.want {
			t.Errorf("%q, %q: it listens at %q, %q, want %q", c.network, c.address, network, address, c.want)
		}
	}
}
