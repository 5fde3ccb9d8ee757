package eventlog

import (
	"log/slog"
	"net"
	"strconv"
	"strings"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/utilinspect"
)

// addressAttrs are the parts of an address that there are.
func addressAttrs(a cluster.Address) []slog.Attr {
	var attrs []slog.Attr
	if a.Address != "" {
		attrs = append(attrs, slog.String("address", shown(a.Address)))
	}
	if a.Port >= 0 {
		attrs = append(attrs, slog.Int("port", a.Port))
	}
	return append(attrs, slog.String("addressType", a.AddressType))
}

func describeAddress(a cluster.Address) string {
	text, address := "port "+strconv.Itoa(a.Port), shown(a.Address)
	switch {
	case a.FD >= 0:
		text = "file descriptor " + strconv.Itoa(a.FD)
	case a.Port < 0:
		text = address
	case a.Address != "":
		text = net.JoinHostPort(address, strconv.Itoa(a.Port))
	}
	if a.AddressType == "udp4" || a.AddressType == "udp6" {
		text += " (" + a.AddressType + ")"
	}
	return text
}

// maxShown is how many bytes of a worker's address are shown, which may be any text.
const maxShown = 256

func shown(address string) string {
	return utilinspect.Printable(strings.ToValidUTF8(address[:min(len(address), maxShown)], ""))
}
