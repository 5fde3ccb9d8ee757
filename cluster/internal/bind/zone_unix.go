//go:build unix

package bind

import (
	"net"
	"strconv"
)

// zoneID is the number of an IPv6 zone, which is an interface's name or its number.
func zoneID(zone string) uint32 {
	if zone == "" {
		return 0
	}
	if i, err := net.InterfaceByName(zone); err == nil {
		return uint32(i.Index)
	}
	n, _ := strconv.ParseUint(zone, 10, 32)
	return uint32(n)
}
