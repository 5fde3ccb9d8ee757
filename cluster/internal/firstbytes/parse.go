package firstbytes

import (
	"fmt"
	"strings"
)

// The keys without a name.
const (
	KeyProxyProtocol = "proxy-protocol"
	KeyServerName    = "sni"
)

// namedKeys are those with a name after a colon.
var namedKeys = map[string]func(name string) Finder{
	"header": Header,
	"cookie": Cookie,
	"query":  Query,
}

// Parse returns what finds a key that is written as cluster.StickyKey has it, nil for the empty one, which is the client's address.
func Parse(key string) (Finder, error) {
	switch key {
	case "":
		return nil, nil
	case KeyProxyProtocol:
		return ProxyProtocol, nil
	case KeyServerName:
		return ServerName, nil
	}
	kind, name, _ := strings.Cut(key, ":")
	newFinder := namedKeys[kind]
	if newFinder == nil {
		return nil, fmt.Errorf("sticky key %q is not known; use header:NAME, cookie:NAME, query:NAME, proxy-protocol or sni", key)
	}
	if !isKeyName(name) {
		return nil, fmt.Errorf("sticky key %q has no name that a %s can have; use %s:NAME", key, kind, kind)
	}
	return newFinder(name), nil
}

// isKeyName reports whether a name has visible ASCII alone, and nothing that ends a name in a request.
func isKeyName(name string) bool {
	for _, c := range []byte(name) {
		if c <= ' ' || c >= 0x7F || strings.IndexByte("\",:;=&?#", c) >= 0 {
			return false
		}
	}
	return name != ""
}
