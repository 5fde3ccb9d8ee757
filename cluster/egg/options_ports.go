package egg

import (
	"fmt"
	"net"
	"strings"
)

// choosePorts finds the ports that agent and app workers use among themselves: clusterPort, on which the agent serves cluster-client, and with
// sticky the one on which the app workers listen instead of the real one. What was given is replaced, as by Egg's own master.
func (o *Options) choosePorts(OptionsFrom) error {
	keys := []string{"clusterPort"}
	if o.sticky {
		keys = append(keys, "stickyWorkerPort")
	}
	// Both are held before either is let go, so that they differ.
	for _, key := range keys {
		l, err := listenBesideClients()
		if err != nil {
			return fmt.Errorf("%s: no port is free: %w", key, err)
		}
		defer l.Close()
		o.all.set(key, number(l.Addr().(*net.TCPAddr).Port))
	}
	return nil
}

// stickyWorkerPort is where the app workers listen with sticky, 0 without.
func (o *Options) stickyWorkerPort() int {
	port, _ := o.all.number("stickyWorkerPort", 0, 1<<16)
	if !o.sticky {
		return 0
	}
	return port
}

// isDebugged reports whether node's arguments ask for its inspector.
func isDebugged(execArgv []string) bool {
	for _, argument := range execArgv {
		if strings.Contains(argument, "--debug") || strings.Contains(argument, "--inspect") {
			return true
		}
	}
	return false
}
