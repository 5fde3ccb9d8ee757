package firstbytes

import (
	"bytes"
	"net/netip"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/bind"
	"github.com/nodecluster/nodecluster/cluster/internal/rendezvous"
)

// MaxHead is how many bytes a Finder is to be given at most. What has no key in them has none.
const MaxHead = 8 << 10

const (
	// Timeout is how long the first bytes of a connection are waited for.
	Timeout = 5 * time.Second
	// maxWaiting is how many connections are waited for so.
	maxWaiting = 4096
)

// MaxWaiting is how many connections of a server may be waited for at a time: 4096, or a quarter of the descriptors that the process may have
// if that is less. The one that was waited for longest makes room for a further one.
func MaxWaiting() int {
	_, limit := bind.Descriptors()
	return max(min(maxWaiting, limit/4), 1)
}

// A Finder looks for a key in the first bytes of a connection. It must not change or keep them.
type Finder func(head []byte) Result

// Result is what a Finder has found. The zero value says that there is no key.
type Result struct {
	// More: it is decided by bytes that are still to come. All else is zero then.
	More bool
	// Found: there is a Key, one of those of package rendezvous.
	Found bool
	Key   uint32
	// Skip is how many of the bytes are not the worker's.
	Skip int
}

var more = Result{More: true}

// byText is the result of a key that is a text. One that is an address, with a port or without, has the same key as the address.
func byText(text []byte) Result {
	if len(text) == 0 {
		return Result{}
	}
	if len(text) <= maxAddressText {
		if ip, err := netip.ParseAddr(string(text)); err == nil {
			return byAddress(ip)
		}
		if at, err := netip.ParseAddrPort(string(text)); err == nil {
			return byAddress(at.Addr())
		}
	}
	return Result{Found: true, Key: rendezvous.TextKey(text)}
}

// maxAddressText is the length of the longest address with a port: an IPv6 address with a zone that is the name of an interface.
const maxAddressText = len("[0000:0000:0000:0000:0000:ffff:255.255.255.255%interface-name-x]:65535")

func byAddress(ip netip.Addr) Result {
	return Result{Found: true, Key: rendezvous.AddressKey(ip)}
}

// byHostName is the result of a host's name, of which upper and lower case are one.
func byHostName(name string) Result { return byText(bytes.ToLower([]byte(name))) }
