package options

import (
	"cmp"
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/kballard/go-shellquote"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/spf13/pflag"
)

// startupPeriod is how often it is checked whether a worker has started, and startupTimeout how long that may take by default.
const (
	startupPeriod  = time.Second
	startupTimeout = time.Minute
)

// healthFlags are those that hold for several probes, and the limit of the one for the start.
type healthFlags struct {
	period, timeout time.Duration
	failures        int
	startupTimeout  time.Duration
}

// addHealth adds the flags that say when workers are healthy.
func (o *Options) addHealth(flags *pflag.FlagSet) {
	flags.Var(Value{"CHECK", setProbe(&o.Pool.Readiness)}, "readiness",
		"the check that a worker has to pass to get connections, made of each worker by itself:\n/PATH or a URL, GET with a status from 200 to 399; tcp or tcp:PORT; exec:COMMAND\n(default none)")
	flags.Var(Value{"CHECK", setProbe(&o.Pool.Liveness)}, "liveness", "the check without which a worker is replaced, new first (default none)")
	flags.Var(Value{"CHECK", setProbe(&o.Pool.Startup)}, "startup",
		"the check that a worker has to pass once, each second, before the others are made (default none)")
	flags.Var(Value{"DURATION", SetDuration(&o.health.startupTimeout)}, "startup-timeout", "how long it may take; then the worker is replaced (default 1m0s)")
	flags.Var(Value{"DURATION", SetDuration(&o.health.period)}, "health-period", "how often they are made (default 10s)")
	flags.Var(Value{"DURATION", SetDuration(&o.health.timeout)}, "health-timeout", "how long one may take (default 1s)")
	flags.Var(Value{"N", o.setHealthFailures}, "health-failures", "how many failures in a row count (default 3)")
	flags.Var(Value{"DURATION", SetDuration(&o.Pool.MaxLag)}, "max-lag",
		"for how long a worker's event loop may stand still; one that does for longer gets no\nconnections until it moves (default for ever)")
	flags.BoolVar(&o.Pool.ReplaceBlocked, "replace-blocked", false, "replace such a worker too, new first")
	flags.Var(Value{"DURATION", SetDuration(&o.Pool.LameDuck)}, "lame-duck",
		"how long connections are taken after a signal, before workers are asked to leave\n(default 0); a second signal ends it")
}

// setProbe gives a flag's setter for a check.
func setProbe(to **pool.Probe) func(string) error {
	return func(text string) (err error) {
		*to, err = parseProbe(text)
		return err
	}
}

// parseProbe reads a check: /PATH, a URL, tcp, tcp:PORT or exec:COMMAND.
func parseProbe(text string) (*pool.Probe, error) {
	kind, rest, _ := strings.Cut(text, ":")
	switch {
	case strings.HasPrefix(text, "/"):
		return &pool.Probe{HTTPGet: &pool.HTTPGet{Path: text}}, nil
	case kind == "http", kind == "https":
		return parseURLProbe(text)
	case text == "tcp":
		return &pool.Probe{TCPSocket: true}, nil
	case kind == "tcp":
		port, err := parseProbePort(rest)
		return &pool.Probe{TCPSocket: true, Port: port}, err
	case kind == "exec":
		command, err := shellquote.Split(rest)
		if err != nil || len(command) == 0 {
			return nil, errors.New("use exec:COMMAND with a command whose quotes are complete")
		}
		return &pool.Probe{Exec: command}, nil
	}
	return nil, errors.New("use /PATH, a URL, tcp, tcp:PORT or exec:COMMAND")
}

func parseURLProbe(text string) (*pool.Probe, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil {
		return nil, errors.New("use a URL such as http://localhost:3000/healthz")
	}
	p := &pool.Probe{HTTPGet: &pool.HTTPGet{Path: u.RequestURI(), Host: u.Host, HTTPS: u.Scheme == "https"}}
	if _, port, err := net.SplitHostPort(u.Host); err == nil {
		p.Port, err = parseProbePort(port)
		return p, err
	}
	return p, nil
}

func parseProbePort(text string) (int, error) {
	port, err := strconv.Atoi(text)
	if err != nil || port < 1 || port > 65535 {
		return 0, errors.New("use a port from 1 to 65535")
	}
	return port, nil
}

func (o *Options) setHealthFailures(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return errors.New("use a number from 1 on")
	}
	o.health.failures = n
	return nil
}

// Complete has the probes be as the flags say.
func (o *Options) Complete() error {
	for _, p := range []*pool.Probe{o.Pool.Readiness, o.Pool.Liveness} {
		if p != nil {
			p.Period, p.Timeout, p.FailureThreshold = o.health.period, o.health.timeout, o.health.failures
		}
	}
	if p := o.Pool.Startup; p != nil {
		p.Period, p.Timeout = startupPeriod, o.health.timeout
		p.FailureThreshold = int((cmp.Or(o.health.startupTimeout, startupTimeout) + startupPeriod - 1) / startupPeriod)
	}
	hasOthers := o.Pool.Readiness != nil || o.Pool.Liveness != nil
	switch h := o.health; {
	case o.Pool.Startup == nil && h.startupTimeout != 0:
		return UsageError{"--startup-timeout is for --startup: add it"}
	case !hasOthers && (h.period != 0 || h.failures != 0 || h.timeout != 0 && o.Pool.Startup == nil):
		return UsageError{"--health-period, --health-timeout and --health-failures are for --readiness and --liveness: add one of them"}
	case o.Pool.ReplaceBlocked && o.Pool.MaxLag == 0:
		return UsageError{"--replace-blocked is for --max-lag: add it"}
	}
	return nil
}
