package cluster

import (
	"fmt"

	"github.com/nodecluster/nodecluster/cluster/internal/firstbytes"
)

// StickyKey says what a client is known by under [SchedSticky]: by default its address, or what the first bytes of a connection say. It is
// a text such as "cookie:session", as the command line has it. All connections with the same key have the same worker. Those without the
// key are known by the client's address.
//
// The primary looks at the first bytes of each connection and leaves them for the worker to read, but for [StickyProxyProtocol]. It looks at
// 8 KiB at most, and waits for them 5 seconds at most. A client that is slow keeps no other waiting. What comes later in a connection, such
// as a second request, changes nothing. Where a server is to speak first its clients wait for those 5 seconds.
type StickyKey string

const (
	// StickyProxyProtocol: the client's address as a balancer says it in a header of the PROXY protocol, version 1 or 2. The primary takes
	// that off the connection, so that a program that knows nothing of it can serve its clients. To the program they all have the balancer's
	// address. A connection that does not begin with such a header is left as it is.
	StickyProxyProtocol StickyKey = firstbytes.KeyProxyProtocol
	// StickySNI: the name of the host that a TLS client asks for.
	StickySNI StickyKey = firstbytes.KeyServerName
)

// StickyHeader is the value of a header field of the first HTTP/1 request, up to the first comma. Of X-Forwarded-For that is the client.
// What is an address is known without its port.
func StickyHeader(name string) StickyKey { return StickyKey("header:" + name) }

// StickyCookie is the value of a cookie of the first HTTP/1 request.
func StickyCookie(name string) StickyKey { return StickyKey("cookie:" + name) }

// StickyQuery is the value of a parameter in the query of the first HTTP/1 request, as it is written there: sid for Socket.IO.
func StickyQuery(name string) StickyKey { return StickyKey("query:" + name) }

// Check returns an error that says what can be done about a key that is not known. The empty key is the client's address.
func (k StickyKey) Check() error {
	_, err := k.finder()
	return err
}

// finder returns what finds the key, nil for the client's address.
func (k StickyKey) finder() (firstbytes.Finder, error) {
	find, err := firstbytes.Parse(string(k))
	if err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	return find, nil
}
