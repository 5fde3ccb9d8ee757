package egg

import (
	"encoding/json"
	"net"
	"strconv"
)

// address is where a server listens.
type address struct {
	host   string
	port   int
	isPath bool
}

// learnPort is for an app worker that says where the application is to listen. Port 0 is one that the system chooses.
func (s *state) learnPort(data json.RawMessage) {
	o, err := parseObject(data)
	if err != nil {
		return
	}
	s.reported = true
	if port, err := o.number("port", 1, 1<<16-1); err == nil && port != 0 && o.values["port"][0] != '"' {
		s.realPort = port
	}
	if protocol, err := o.string("protocol"); err == nil && (protocol == "http" || protocol == "https") {
		s.protocol = protocol
	}
}

// choosesPort reports whether the system chooses the port, and it is not known yet.
func (s *state) choosesPort() bool { return s.reported && s.realPort == 0 && !s.sticky }

// isReal reports whether this is where the application listens, and not another server in it.
func (s *state) isReal(at address) bool {
	switch {
	case s.sticky:
		return at.port == s.stickyWorkerPort()
	case at.isPath:
		return true
	case s.choosesPort() && at.port > 0:
		s.realPort = at.port
	}
	return at.port == s.realPort
}

// url is where an application is reached that listens on a host and a port.
func (s *state) url(protocol, host string, port int) string {
	if host == "::" && s.release.four {
		host = ""
	}
	if host == "" && s.host != "0.0.0.0" {
		host = s.host
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return protocol + "://" + net.JoinHostPort(host, strconv.Itoa(port))
}

// readAddress reads where an app worker says that it listens: {address: {address, port}} of Egg 4, and of Egg 3 the inner one, or a path.
func readAddress(data json.RawMessage) (at address, ok bool) {
	if len(data) == 0 {
		return at, false
	}
	if data[0] == '"' {
		return address{host: decodeText(data), isPath: true}, true
	}
	o, err := parseObject(data)
	if err != nil {
		return at, false
	}
	if inner := o.values["address"]; len(inner) > 0 && inner[0] == '{' {
		return readAddress(inner)
	}
	if at.host, err = o.string("address"); err != nil {
		return at, false
	}
	at.isPath = string(o.values["addressType"]) == "-1"
	at.port, err = o.number("port", 0, 1<<16-1)
	return at, err == nil
}
