package handlewrap

// Type is the type of a handle as Node writes it beside a handle's message.
type Type string

// Node's handle types. All but NetBoundSocket are in every Node that has cluster's current protocol.
const (
	// NetNative is a raw TCP or pipe handle, listening, bound or connected: what cluster itself sends.
	NetNative Type = "net.Native"
	// NetServer is a listening net.Server.
	NetServer Type = "net.Server"
	// NetSocket is a connected net.Socket.
	NetSocket Type = "net.Socket"
	// DgramNative is a raw UDP handle: what cluster sends for a dgram.Socket.
	DgramNative Type = "dgram.Native"
	// DgramSocket is a bound dgram.Socket.
	DgramSocket Type = "dgram.Socket"
	// NetBoundSocket is a net.BoundSocket, bound and neither listening nor connected; from Node 26 on.
	NetBoundSocket Type = "net.BoundSocket"
)

// Valid reports whether t is one of Node's types.
func (t Type) Valid() bool {
	switch t {
	case NetNative, NetServer, NetSocket, DgramNative, DgramSocket, NetBoundSocket:
		return true
	}
	return false
}
