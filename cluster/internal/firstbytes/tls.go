package firstbytes

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"time"
)

// A record of TLS begins with its type, a version and a length.
const (
	recordHeader    = 5
	recordHandshake = 22
)

// ServerName finds the name of the host that a TLS client asks for (SNI). The parser is that of crypto/tls, which is given the bytes and
// gets no further.
func ServerName(head []byte) Result {
	if len(head) == 0 {
		return more
	}
	if head[0] != recordHandshake {
		return Result{}
	}
	if len(head) < recordHeader || len(head) < recordHeader+int(head[3])<<8+int(head[4]) {
		return more
	}
	var name string
	hello := &helloConn{head: bytes.NewReader(head)}
	err := tls.Server(hello, &tls.Config{GetConfigForClient: func(info *tls.ClientHelloInfo) (*tls.Config, error) {
		name = info.ServerName
		return nil, errHello
	}}).Handshake()
	switch {
	case errors.Is(err, errHello):
		return byHostName(name)
	case hello.ended:
		return more
	}
	return Result{}
}

var errHello = errors.New("the ClientHello is read")

// helloConn is a connection to a client that has sent its first bytes and reads nothing.
type helloConn struct {
	head  *bytes.Reader
	ended bool
}

func (c *helloConn) Read(b []byte) (int, error) {
	n, err := c.head.Read(b)
	c.ended = c.ended || err == io.EOF
	return n, err
}

func (*helloConn) Write(b []byte) (int, error)      { return len(b), nil }
func (*helloConn) Close() error                     { return nil }
func (*helloConn) LocalAddr() net.Addr              { return nil }
func (*helloConn) RemoteAddr() net.Addr             { return nil }
func (*helloConn) SetDeadline(time.Time) error      { return nil }
func (*helloConn) SetReadDeadline(time.Time) error  { return nil }
func (*helloConn) SetWriteDeadline(time.Time) error { return nil }
