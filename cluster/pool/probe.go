package pool

import (
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool/internal/probe"
)

// A Probe is a check of each worker by itself, behind the port that the workers share, in the words of Kubernetes' probes. One of HTTPGet,
// TCPSocket and Exec is set. A worker is checked from the moment on that it listens, or for Exec says that it runs.
type Probe struct {
	// HTTPGet succeeds when a GET is answered with a status from 200 to 399.
	HTTPGet *HTTPGet
	// TCPSocket succeeds when the worker takes a connection, over a Unix socket too. It is closed at once.
	TCPSocket bool
	// Exec is a program and its arguments, which no shell runs. It succeeds when the program ends with status 0. Its environment is
	// the pool's process's, with [InstanceVariable], and NODECLUSTER_PID, which is the process id of the worker.
	Exec []string

	// Port is that of the server that HTTPGet and TCPSocket connect to. By default it is the first that the worker listens on.
	Port int
	// InitialDelay is how long after the worker listens the first check is made.
	InitialDelay time.Duration
	// Period is how long after the begin of a check the next one begins, 10 s by default. For readiness it is a second at most until a
	// worker is ready for the first time.
	Period time.Duration
	// Timeout is how long a check may take, 1 s by default. One that takes longer has failed.
	Timeout time.Duration
	// SuccessThreshold is how many checks in a row have to succeed until a worker is ready, 1 by default. It is for readiness: the other
	// probes need one.
	SuccessThreshold int
	// FailureThreshold is how many checks in a row have to fail until a worker is not healthy any more, 3 by default.
	FailureThreshold int
}

// HTTPGet is the request of a [Probe]. A redirection is not followed: it is a success.
type HTTPGet struct {
	// Path is the path, with a query if there is one; "/" by default.
	Path string
	// Host is the request's Host, and the name in TLS; "localhost" by default. Nobody is asked for its address.
	Host string
	// HTTPS has the request go over TLS. The certificate is not verified.
	HTTPS bool
	// Header are further fields of the request.
	Header http.Header
}

// internal is the probe for those who run it.
func (p *Probe) internal() probe.Probe {
	run := probe.Probe{
		InitialDelay: p.InitialDelay, Period: p.Period, Timeout: p.Timeout,
		SuccessThreshold: p.SuccessThreshold, FailureThreshold: p.FailureThreshold,
	}
	switch {
	case p.HTTPGet != nil:
		run.Check = probe.HTTPGet{HTTPS: p.HTTPGet.HTTPS, Host: p.HTTPGet.Host, Path: p.HTTPGet.Path, Header: p.HTTPGet.Header}
	case p.TCPSocket:
		run.Check = probe.TCPSocket{}
	case p.Exec != nil:
		run.Check = probe.Exec{Command: p.Exec}
	}
	return run
}

// validate refuses a probe that makes no sense.
func (p *Probe) validate() error {
	kinds := 0
	for _, is := range []bool{p.HTTPGet != nil, p.TCPSocket, p.Exec != nil} {
		if is {
			kinds++
		}
	}
	switch {
	case kinds > 1:
		return fmt.Errorf("more than one check: use one of HTTPGet, TCPSocket and Exec")
	case p.Port < 0 || p.Port > 65535:
		return fmt.Errorf("port %d: use one from 1 to 65535, or 0 for the first server", p.Port)
	}
	return p.internal().Validate()
}

// connects reports whether the check needs a server of the worker's.
func (p *Probe) connects() bool { return p.Exec == nil }

// isFor reports whether a server is the one to check.
func (p *Probe) isFor(address cluster.Address) bool {
	return address.Network() != "udp" && (p.Port == 0 || p.Port == address.Port)
}

// String says what the check is, as "GET /healthz".
func (p *Probe) String() string {
	switch {
	case p.HTTPGet != nil:
		return "GET /" + strings.TrimPrefix(p.HTTPGet.Path, "/")
	case p.TCPSocket:
		return "connect"
	}
	return strings.Join(p.Exec, " ")
}

// checkHealth checks the options that say when workers are healthy.
func (o *Options) checkHealth() error {
	for name, p := range map[string]*Probe{"Options.Startup": o.Startup, "Options.Readiness": o.Readiness, "Options.Liveness": o.Liveness} {
		if p == nil {
			continue
		}
		if err := p.validate(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if name != "Options.Readiness" && p.SuccessThreshold > 1 {
			return fmt.Errorf("%s: success threshold %d: it has to be 1 for %s", name, p.SuccessThreshold, strings.ToLower(strings.TrimPrefix(name, "Options.")))
		}
	}
	switch {
	case o.MaxLag < 0:
		return fmt.Errorf("Options.MaxLag is %v: use a longer duration, or 0 for no limit", o.MaxLag)
	case o.MaxLag > 0 && runtime.GOOS != "linux":
		return fmt.Errorf("Options.MaxLag: how long a worker has not moved is told by Linux alone: %w", errors.ErrUnsupported)
	case o.ReplaceBlocked && o.MaxLag == 0:
		return errors.New("Options.ReplaceBlocked without Options.MaxLag: no worker is blocked then")
	case o.LameDuck < 0:
		return fmt.Errorf("Options.LameDuck is %v: use a longer duration, or 0 for none", o.LameDuck)
	}
	return nil
}
