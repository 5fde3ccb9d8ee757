package firstbytes

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/rendezvous"
	"github.com/pires/go-proxyproto"
)

func keyed(text string) Result { return Result{Found: true, Key: rendezvous.TextKey([]byte(text))} }

func addressed(ip string) Result { return byAddress(netip.MustParseAddr(ip)) }

// skipping is a result whose first bytes are not the worker's.
func skipping(r Result, head string) Result {
	r.Skip = len(head)
	return r
}

// finding is what a client sends, by how many bytes the key is decided, and the result.
type finding struct {
	head    string
	decides string // the part of head by which it is decided
	want    Result
}

// expect checks the result for each part of the head that may have come.
func (f finding) expect(t *testing.T, find Finder) {
	t.Helper()
	if !strings.HasPrefix(f.head, f.decides) {
		t.Fatalf("%q does not begin with %q", f.head, f.decides)
	}
	for n := range len(f.head) + 1 {
		want := f.want
		if n < len(f.decides) {
			want = more
		}
		if got := find([]byte(f.head[:n])); got != want {
			t.Errorf("%q has %+v, want %+v", f.head[:n], got, want)
			return
		}
	}
}

func TestHeader(t *testing.T) {
	find := Header("X-Forwarded-For")
	for name, f := range map[string]finding{
		"first":        {"GET / HTTP/1.1\r\nX-Forwarded-For: me\r\nHost: x\r\n\r\n", "GET / HTTP/1.1\r\nX-Forwarded-For: me\r\n", keyed("me")},
		"lower case":   {"POST /a HTTP/1.0\nHost: x\nx-forwarded-for:me \n\n", "POST /a HTTP/1.0\nHost: x\nx-forwarded-for:me \n", keyed("me")},
		"a list":       {"GET / HTTP/1.1\r\nX-Forwarded-For: me , proxy\r\n", "GET / HTTP/1.1\r\nX-Forwarded-For: me , proxy\r\n", keyed("me")},
		"an address":   {"GET / HTTP/1.1\r\nX-Forwarded-For: 10.1.2.3\r\n", "GET / HTTP/1.1\r\nX-Forwarded-For: 10.1.2.3\r\n", addressed("10.1.2.3")},
		"with a port":  {"GET / HTTP/1.1\r\nX-Forwarded-For: 10.1.2.3:99\r\n", "GET / HTTP/1.1\r\nX-Forwarded-For: 10.1.2.3:99\r\n", addressed("10.1.2.3")},
		"IPv6":         {"GET / HTTP/1.1\r\nX-Forwarded-For: [::1]:99, ::2\r\n", "GET / HTTP/1.1\r\nX-Forwarded-For: [::1]:99, ::2\r\n", addressed("::1")},
		"twice":        {"GET / HTTP/1.1\r\nX-Forwarded-For: a\r\nX-Forwarded-For: b\r\n", "GET / HTTP/1.1\r\nX-Forwarded-For: a\r\n", keyed("a")},
		"empty":        {"GET / HTTP/1.1\r\nX-Forwarded-For:\r\n", "GET / HTTP/1.1\r\nX-Forwarded-For:\r\n", Result{}},
		"none":         {"GET / HTTP/1.1\r\nHost: x\r\n\r\nX-Forwarded-For: me\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", Result{}},
		"empty lines":  {"\r\n\r\nGET / HTTP/1.1\r\nX-Forwarded-For: me\r\n", "\r\n\r\nGET / HTTP/1.1\r\nX-Forwarded-For: me\r\n", keyed("me")},
		"another name": {"GET / HTTP/1.1\r\nX-Forwarded-For-: me\r\n\r\n", "GET / HTTP/1.1\r\nX-Forwarded-For-: me\r\n\r\n", Result{}},
		"no HTTP":      {"SSH-2.0-x\r\nX-Forwarded-For: me\r\n", "SSH-2.0-x\r\n", Result{}},
		"HTTP/2":       {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "PRI * HTTP/2.0\r\n", Result{}},
		"TLS":          {"\x16\x03\x01", "\x16", Result{}},
	} {
		t.Run(name, func(t *testing.T) { f.expect(t, find) })
	}
}

func TestCookie(t *testing.T) {
	find := Cookie("sid")
	for name, f := range map[string]finding{
		"alone":        {"GET / HTTP/1.1\r\nCookie: sid=one\r\n", "GET / HTTP/1.1\r\nCookie: sid=one\r\n", keyed("one")},
		"among others": {"GET / HTTP/1.1\r\ncookie: a=b; sid=o=ne; c\r\n", "GET / HTTP/1.1\r\ncookie: a=b; sid=o=ne; c\r\n", keyed("o=ne")},
		"the second":   {"GET / HTTP/1.1\r\nCookie: a=b\r\nCookie: sid=one\r\n", "GET / HTTP/1.1\r\nCookie: a=b\r\nCookie: sid=one\r\n", keyed("one")},
		"another case": {"GET / HTTP/1.1\r\nCookie: SID=one\r\n\r\n", "GET / HTTP/1.1\r\nCookie: SID=one\r\n\r\n", Result{}},
		"a longer one": {"GET / HTTP/1.1\r\nCookie: sid2=one; xsid=two\r\n\r\n", "GET / HTTP/1.1\r\nCookie: sid2=one; xsid=two\r\n\r\n", Result{}},
		"no value":     {"GET / HTTP/1.1\r\nCookie: sid\r\n\r\n", "GET / HTTP/1.1\r\nCookie: sid\r\n", Result{}},
	} {
		t.Run(name, func(t *testing.T) { f.expect(t, find) })
	}
}

func TestQuery(t *testing.T) {
	find := Query("sid")
	line := func(target string, want Result) finding {
		head := "GET " + target + " HTTP/1.1\r\n"
		return finding{head + "Host: x\r\n\r\n", head, want}
	}
	for name, f := range map[string]finding{
		"alone":        line("/?sid=one", keyed("one")),
		"among others": line("/socket.io/?EIO=4&transport=polling&sid=a-_Z", keyed("a-_Z")),
		"absolute":     line("http://host/?sid=one", keyed("one")),
		"encoded":      line("/?sid=%20a&sid=b", keyed("%20a")),
		"in the path":  line("/sid=one", Result{}),
		"in a part":    line("/?a=b#?sid=one", Result{}),
		"another name": line("/?xsid=one&sid2=two", Result{}),
		"none":         line("/", Result{}),
	} {
		t.Run(name, func(t *testing.T) { f.expect(t, find) })
	}
}

// helloOf is the ClientHello of a client of crypto/tls.
func helloOf(t testing.TB, config *tls.Config) string {
	t.Helper()
	var sent bytes.Buffer
	tls.Client(&recording{to: &sent}, config).Handshake()
	return sent.String()
}

// recording is a connection to a server that answers nothing.
type recording struct {
	net.Conn
	to *bytes.Buffer
}

func (r *recording) Write(b []byte) (int, error) { return r.to.Write(b) }
func (r *recording) Read([]byte) (int, error)    { return 0, io.EOF }
func (r *recording) Close() error                { return nil }

// fragmented is a ClientHello in records of a few bytes.
func fragmented(hello string, size int) string {
	var b strings.Builder
	for body := hello[recordHeader:]; len(body) > 0; {
		n := min(size, len(body))
		b.WriteString(hello[:3])
		b.Write([]byte{byte(n >> 8), byte(n)})
		b.WriteString(body[:n])
		body = body[n:]
	}
	return b.String()
}

func TestServerName(t *testing.T) {
	hello := helloOf(t, &tls.Config{ServerName: "Some.Example"})
	nameless := helloOf(t, &tls.Config{InsecureSkipVerify: true})
	old := helloOf(t, &tls.Config{ServerName: "some.example", MaxVersion: tls.VersionTLS12})
	parts := fragmented(hello, 100)
	for name, f := range map[string]finding{
		"a name":    {hello + "more", hello, keyed("some.example")},
		"no name":   {nameless, nameless, Result{}},
		"TLS 1.2":   {old, old, keyed("some.example")},
		"fragments": {parts, parts, keyed("some.example")},
		"HTTP":      {"GET / HTTP/1.1\r\n", "G", Result{}},
		"no hello":  {"\x16\x03\x01\x00\x04\x02\x00\x00\x00", "\x16\x03\x01\x00\x04\x02\x00\x00\x00", Result{}},
	} {
		t.Run(name, func(t *testing.T) { f.expect(t, ServerName) })
	}
}

func TestProxyProtocol(t *testing.T) {
	header := func(version byte, from string) string {
		source := net.TCPAddrFromAddrPort(netip.MustParseAddrPort(from))
		b, err := proxyproto.HeaderProxyFromAddrs(version, source, source).Format()
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	local, err := (&proxyproto.Header{Version: 2, Command: proxyproto.LOCAL}).Format()
	if err != nil {
		t.Fatal(err)
	}
	socket, err := proxyproto.HeaderProxyFromAddrs(2, &net.UnixAddr{Net: "unix", Name: "/a"}, &net.UnixAddr{Net: "unix", Name: "/b"}).Format()
	if err != nil {
		t.Fatal(err)
	}
	const unknown = "PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"
	for name, head := range map[string]struct {
		head string
		want Result
	}{
		"version 1":       {header(1, "10.1.2.3:99"), addressed("10.1.2.3")},
		"version 1, IPv6": {header(1, "[2001:db8::1]:99"), addressed("2001:db8::1")},
		"version 2":       {header(2, "10.1.2.3:99"), addressed("10.1.2.3")},
		"version 2, IPv6": {header(2, "[2001:db8::1]:99"), addressed("2001:db8::1")},
		"unknown":         {unknown, Result{}},
		"local":           {string(local), Result{}},
		"a Unix socket":   {string(socket), Result{}},
	} {
		t.Run(name, func(t *testing.T) {
			finding{head.head + "GET / HTTP/1.1\r\n", head.head, skipping(head.want, head.head)}.expect(t, ProxyProtocol)
		})
	}
	for name, f := range map[string]finding{
		"HTTP":        {"PROPFIND / HTTP/1.1\r\n", "PROP", Result{}},
		"nonsense":    {"PROXY TCP4 a b c d\r\nGET", "PROXY TCP4 a b c d\r\n", Result{}},
		"never ends":  {"PROXY " + strings.Repeat("x", 200), "PROXY " + strings.Repeat("x", maxHeader1-len("PROXY ")), Result{}},
		"is too long": {string(signature2) + "\x21\x11\xff\xff" + "rest", string(signature2) + "\x21\x11\xff\xff", Result{}},
		"version 3":   {string(signature2) + "\x31\x11\x00\x00" + "rest", string(signature2) + "\x31\x11\x00\x00", Result{}},
	} {
		t.Run(name, func(t *testing.T) { f.expect(t, ProxyProtocol) })
	}
}
