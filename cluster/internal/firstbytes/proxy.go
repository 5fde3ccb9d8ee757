package firstbytes

import (
	"bufio"
	"bytes"
	"net"

	"github.com/pires/go-proxyproto"
)

// What the two versions of a PROXY protocol header begin with, and how long they are.
var (
	signature1 = []byte("PROXY ")
	signature2 = []byte("\r\n\r\n\x00\r\nQUIT\n")
)

const (
	maxHeader1 = 107
	fixed2     = 16
)

// ProxyProtocol finds the client's address in a header of the PROXY protocol, of version 1 or 2, which is not the worker's.
func ProxyProtocol(head []byte) Result {
	size, complete := proxyHeader(head)
	switch {
	case size < 0:
		return Result{}
	case !complete:
		return more
	}
	header, err := proxyproto.Read(bufio.NewReader(bytes.NewReader(head[:size])))
	if err != nil {
		return Result{}
	}
	found := Result{}
	if source, ok := header.SourceAddr.(*net.TCPAddr); ok && !header.Command.IsLocal() {
		found = byAddress(source.AddrPort().Addr())
	}
	found.Skip = size
	return found
}

// proxyHeader returns how long a header is and whether all of it is there, and a size below 0 for what is none.
func proxyHeader(head []byte) (size int, complete bool) {
	switch {
	case isBegun(head, signature1):
		i := bytes.IndexByte(head[:min(len(head), maxHeader1)], '\n')
		if i < 0 && len(head) >= maxHeader1 {
			return -1, false
		}
		return i + 1, i >= 0
	case isBegun(head, signature2):
		if len(head) < fixed2 {
			return 0, false
		}
		size := fixed2 + int(head[14])<<8 + int(head[15])
		if size > MaxHead {
			return -1, false
		}
		return size, len(head) >= size
	}
	return -1, false
}

// isBegun reports whether bytes begin with a signature, or are the beginning of it.
func isBegun(head, signature []byte) bool {
	n := min(len(head), len(signature))
	return bytes.Equal(head[:n], signature[:n])
}
