package cluster

import "net/netip"

// RemoteAddr is the client's address, of which there is none on Windows, where no connections are dealt out.
func (c Connection) RemoteAddr() netip.Addr { return netip.Addr{} }
