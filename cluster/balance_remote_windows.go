package cluster

import "net/netip"

// RemoteAddr returns the zero Addr: on Windows there is no primary, and so no connection.
func (c Connection) RemoteAddr() netip.Addr { return netip.Addr{} }
