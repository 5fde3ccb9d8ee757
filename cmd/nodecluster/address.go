package main

import (
	"log/slog"
	"net"
	"strconv"

	"github.com/nodecluster/nodecluster/cluster"
)

// addressAttrs are the parts of an address that there are.
func addressAttrs(a cluster.Address) []slog.Attr {
	var attrs []slog.Attr
	if a.Address != "" {
		attrs = append(attrs, slog.String("address", a.Address))
	}
	if a.Port >= 0 {
		attrs = append(attrs, slog.Int("port", a.Port))
	}
	return append(attrs, slog.String("addressType", a.AddressType))
}

func describeAddress(a cluster.Address) string {
	text := "port " + strconv.Itoa(a.Port)
	switch {
	case a.FD >= 0:
		text = "file descriptor " + strconv.Itoa(a.FD)
	case a.Port < 0:
		text = a.Address
	case a.Address != "":
		text = net.JoinHostPort(a.Address, strconv.Itoa(a.Port))
	}
	if a.AddressType == "udp4" || a.AddressType == "udp6" {
		text += " (" + a.AddressType + ")"
	}
	return text
}
