package cluster

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
)

// Ports of inspectors.
const (
	defaultDebugPort = 9229
	minInspectPort   = 1024
	maxPort          = 65535
)

// InspectPortError is why a worker was not forked: the port of its inspector is none.
type InspectPortError struct{ Port int }

// Error names the port and what ports there are.
func (e *InspectPortError) Error() string {
	return fmt.Sprintf("cluster: a worker's inspector cannot have port %d: use one from 0 to %d", e.Port, maxPort)
}

// inspectorArgs are the arguments that give a worker a port for its inspector, none if neither its arguments nor its environment ask
// for one. The last argument of a port counts, and leaves the host as it is.
func (s *Settings) inspectorArgs(environ []string, next func(debugPort int) int) ([]string, error) {
	// A worker reads the variable before its arguments, which therefore overrule it.
	args := append(nodeOptions(environ), s.ExecArgv...)
	if !hasPrefix(args, "--inspect") && !hasPrefix(args, "--debug-port") {
		return nil, nil
	}
	port := s.inspectPort(args, next)
	if port < 0 || port > maxPort {
		return nil, &InspectPortError{port}
	}
	return []string{"--inspect-port=" + strconv.Itoa(port)}, nil
}

// inspectPort is the port of the next worker's inspector.
func (s *Settings) inspectPort(args []string, next func(debugPort int) int) int {
	debugPort := s.DebugPort
	if debugPort == 0 {
		debugPort = debugPortOf(args)
	}
	switch {
	case s.InspectPort != nil:
		return s.InspectPort()
	case debugPort == 0:
		return 0
	default:
		return next(debugPort)
	}
}

// nodeOptions are the arguments in NODE_OPTIONS. What quotes are around, or a backslash is before, is no matter for the inspector's.
func nodeOptions(environ []string) []string {
	for _, variable := range slices.Backward(environ) {
		if value, ok := strings.CutPrefix(variable, "NODE_OPTIONS="); ok {
			return strings.Fields(strings.ReplaceAll(value, `"`, ""))
		}
	}
	return nil
}

// debugPortOf is what process.debugPort would be in a primary with these arguments, but 0 where it could have any port: its workers
// get any then too.
func debugPortOf(args []string) int {
	port := defaultDebugPort
	for i, arg := range args {
		name, value, hasValue := strings.Cut(strings.ReplaceAll(arg, "_", "-"), "=")
		switch name {
		case "--inspect", "--inspect-brk", "--inspect-wait", "--inspect-brk-node":
		case "--inspect-port", "--debug-port":
			if !hasValue && i+1 < len(args) {
				value = args[i+1]
			}
		default:
			continue
		}
		if value != "" {
			port = portOf(value)
		}
	}
	return port
}

// portOf is the port in HOST:PORT, HOST or PORT.
func portOf(value string) int {
	if _, after, err := net.SplitHostPort(value); err == nil {
		value = after
	}
	port, err := strconv.ParseUint(value, 10, 16)
	if err != nil {
		return defaultDebugPort // there is a host alone
	}
	return int(port)
}

func hasPrefix(args []string, prefix string) bool {
	return slices.ContainsFunc(args, func(a string) bool { return strings.HasPrefix(a, prefix) })
}
