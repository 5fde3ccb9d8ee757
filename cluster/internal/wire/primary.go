package wire

import (
	"encoding/json"
	"net/netip"
)

// FromPrimary is any message of a primary.
type FromPrimary struct {
	Command  string          `json:"cmd"`
	Act      string          `json:"act"`
	Key      string          `json:"key"`
	Ack      *uint32         `json:"ack"`
	Errno    *int            `json:"errno"`
	Data     json.RawMessage `json:"data"`
	SockName *SockName       `json:"sockname"`
	Seq      json.RawMessage `json:"seq"`
}

// PrimaryMessage is any message of a primary but those that follow.
type PrimaryMessage struct {
	Command string          `json:"cmd"`
	Act     string          `json:"act,omitempty"`
	Ack     json.RawMessage `json:"ack,omitempty"`
	Seq     uint32          `json:"seq"`
}

// NewConnection goes with a connection.
type NewConnection struct {
	Command string `json:"cmd"`
	Act     string `json:"act"`
	Key     string `json:"key"`
	Seq     uint32 `json:"seq"`
}

// ServerReply answers queryServer.
type ServerReply struct {
	Command  string          `json:"cmd"`
	Errno    *int            `json:"errno"`
	Key      string          `json:"key"`
	Ack      json.RawMessage `json:"ack"`
	Data     json.RawMessage `json:"data"`
	SockName *SockName       `json:"sockname,omitempty"`
	Seq      uint32          `json:"seq"`
}

// SockName is where a server listens, as Node's getsockname has it.
type SockName struct {
	Address string `json:"address"`
	Family  string `json:"family"`
	Port    int    `json:"port"`
}

// NewSockName is the name of a TCP socket, nil for what has no such address.
func NewSockName(a netip.AddrPort) *SockName {
	switch {
	case !a.IsValid():
		return nil
	case a.Addr().Is4():
		return &SockName{a.Addr().String(), "IPv4", int(a.Port())}
	}
	return &SockName{a.Addr().String(), "IPv6", int(a.Port())}
}
