package egg

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// stickyHeads are what a client sends first, or a proxy for it, before the rest of its request, by the key.
var stickyHeads = map[cluster.StickyKey]func(client int) string{
	cluster.StickyHeader("X-Forwarded-For"): func(client int) string {
		return fmt.Sprintf("GET / HTTP/1.1\r\nX-Forwarded-For: 10.1.0.%d, 10.0.0.1\r\n", client)
	},
	cluster.StickyCookie("session"): func(client int) string {
		return fmt.Sprintf("GET / HTTP/1.1\r\nCookie: a=b; session=client%d\r\n", client)
	},
	cluster.StickyQuery("user"): func(client int) string {
		return fmt.Sprintf("GET /?a=b&user=client%d HTTP/1.1\r\n", client)
	},
	cluster.StickyProxyProtocol: func(client int) string {
		return fmt.Sprintf("PROXY TCP4 10.1.0.%d 10.0.0.1 1000 80\r\nGET / HTTP/1.1\r\n", client)
	},
}

// TestStickyKeys has a proxy, whose address all connections have, send the requests of several clients: each comes to one app worker, and to its
// successor, and a client that sends nothing delays neither the others nor the end.
func TestStickyKeys(t *testing.T) {
	for key, head := range stickyHeads {
		t.Run(string(key), func(t *testing.T) {
			eachEgg(t, func(t *testing.T, egg string) {
				testStickyKey(t, egg, key, nil, func(r *rig, client int) answer { return r.mustAsk(r.dial(), head(client)) })
			})
		})
	}
}

// TestStickySNI is TestStickyKeys for clients of TLS, which name the server that they want.
func TestStickySNI(t *testing.T) {
	file := func(name string) string { return clustertest.RealApp(t, filepath.Join("tls", name)) }
	options := map[string]any{"https": map[string]any{"key": file("key.pem"), "cert": file("cert.pem")}}
	eachEgg(t, func(t *testing.T, egg string) {
		testStickyKey(t, egg, cluster.StickySNI, options, func(r *rig, client int) answer {
			name := fmt.Sprintf("client%d.example", client)
			conn := tls.Client(r.dial(), &tls.Config{ServerName: name, InsecureSkipVerify: true}) // whose certificate names nobody of them
			return r.mustAsk(conn, "GET / HTTP/1.1\r\n")
		})
	})
}

// testStickyKey asks as each of several clients.
func testStickyKey(t *testing.T, egg string, key cluster.StickyKey, more map[string]any, ask func(r *rig, client int) answer) {
	options := map[string]any{"sticky": true, "workers": 3}
	maps.Copy(options, more)
	r := startReady(t, egg, options, nil, func(s *Settings) { s.StickyKey = key })
	silent := r.dial()
	const clients = 16
	of := map[int]answer{}
	used := map[string]bool{}
	for round := range 2 {
		for i := range clients {
			a := ask(r, i)
			if round > 0 && a != of[i] {
				t.Errorf("client %d came to %+v and then to %+v", i, of[i], a)
			}
			of[i], used[a.Index] = a, true
		}
	}
	if len(used) != 3 {
		t.Errorf("app workers %v have clients", used)
	}
	syscall.Kill(of[0].Pid, syscall.SIGKILL)
	r.awaitMessage("app-worker-died")
	for i := range clients {
		if a := ask(r, i); a.Index != of[i].Index {
			t.Errorf("client %d of %+v came to %+v", i, of[i], a)
		}
	}
	r.Stop("SIGTERM")
	r.stopped()
	if n, err := silent.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("the silent client has read %d bytes, %v", n, err)
	}
}

// TestStickyKeyNeedsSticky is for a key that would do nothing, and one that is none.
func TestStickyKeyNeedsSticky(t *testing.T) {
	for _, c := range []struct {
		sticky bool
		key    cluster.StickyKey
		want   string
	}{
		{false, cluster.StickySNI, `egg: sticky key "sni": Egg's option sticky is not set: set it, or leave out the key`},
		{true, "header:", `egg: sticky key "header:" has no name that a header can have; use header:NAME`},
	} {
		o := &Options{sticky: c.sticky}
		if _, err := New(o, Settings{Node: nodetest.Default(t).Path, StickyKey: c.key}); err == nil || err.Error() != c.want {
			t.Errorf("sticky %v, key %q: %v, want %s", c.sticky, c.key, err, c.want)
		}
	}
}

func (r *rig) dial() net.Conn {
	r.t.Helper()
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", r.port))
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { conn.Close() })
	return conn
}

// mustAsk sends a request that begins with head, in two pieces, and returns who answers.
func (r *rig) mustAsk(conn net.Conn, head string) (a answer) {
	r.t.Helper()
	defer conn.Close()
	half := len(head) / 2
	for _, piece := range []string{head[:half], head[half:] + "Host: x\r\nConnection: close\r\n\r\n"} {
		if _, err := io.WriteString(conn, piece); err != nil {
			r.t.Fatal(err)
		}
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		r.t.Fatalf("%s: %v", strings.TrimSpace(head), err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&a); err != nil {
		r.t.Fatal(err)
	}
	return a
}
