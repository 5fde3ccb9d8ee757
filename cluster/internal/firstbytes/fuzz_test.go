package firstbytes

import (
	"bytes"
	"crypto/tls"
	"testing"
)

// Whatever comes, each Finder comes to a result, which more bytes do not change once it is decided, and changes none of the bytes.
func FuzzFinders(f *testing.F) {
	for _, head := range []string{
		"GET /?sid=one HTTP/1.1\r\nCookie: a=b; sid=two\r\nX-Forwarded-For: 10.1.2.3, 10.1.2.4\r\n\r\n",
		helloOf(f, &tls.Config{ServerName: "some.example"}),
		"PROXY TCP4 10.1.2.3 10.1.2.4 1 2\r\nGET / HTTP/1.1\r\n",
		string(signature2) + "\x21\x11\x00\x0c\x0a\x01\x02\x03\x0a\x01\x02\x04\x00\x01\x00\x02GET",
	} {
		f.Add([]byte(head))
	}
	finders := map[string]Finder{
		"header": Header("X-Forwarded-For"), "cookie": Cookie("sid"), "query": Query("sid"), "sni": ServerName, "proxy": ProxyProtocol,
	}
	f.Fuzz(func(t *testing.T, head []byte) {
		head = head[:min(len(head), 512)]
		kept := bytes.Clone(head)
		for name, find := range finders {
			decided := more
			for n := range len(head) + 1 {
				got := find(head[:n:n])
				if got.More && got != more || !got.Found && got.Key != 0 || got.Skip < 0 || got.Skip > n {
					t.Fatalf("%s has %+v of %q", name, got, head[:n])
				}
				if !decided.More && got != decided {
					t.Fatalf("%s has %+v of %q, and had %+v before", name, got, head[:n], decided)
				}
				decided = got
			}
		}
		if !bytes.Equal(head, kept) {
			t.Fatalf("%q was changed to %q", kept, head)
		}
	})
}
