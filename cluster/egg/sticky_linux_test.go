package egg

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// stickyKeys are what a proxy may send before the rest of a client's request, by the key.
var stickyKeys = map[cluster.StickyKey]func(client int) string{
	cluster.StickyHeader("X-Forwarded-For"): func(client int) string {
		return fmt.Sprintf("GET / HTTP/1.1\r\nX-Forwarded-For: 10.1.0.%d, 10.0.0.1\r\n", client)
	},
	cluster.StickyCookie("session"): func(client int) string {
		return fmt.Sprintf("GET / HTTP/1.1\r\nCookie: a=b; session=client%d\r\n", client)
	},
	cluster.StickyProxyProtocol: func(client int) string {
		return fmt.Sprintf("PROXY TCP4 10.1.0.%d 10.0.0.1 1000 80\r\nGET / HTTP/1.1\r\n", client)
	},
}

// TestStickyKeys has a proxy, whose address all connections have, send the requests of several clients: each comes to one app worker, and to its
// successor, and a client that sends nothing delays neither the others nor the end.
func TestStickyKeys(t *testing.T) {
	for key, head := range stickyKeys {
		t.Run(string(key), func(t *testing.T) {
			eachEgg(t, func(t *testing.T, egg string) { testStickyKey(t, egg, key, head) })
		})
	}
}

func testStickyKey(t *testing.T, egg string, key cluster.StickyKey, head func(client int) string) {
	r := startReady(t, egg, map[string]any{"sticky": true, "workers": 3}, nil, func(s *Settings) { s.StickyKey = key })
	silent := r.dial()
	const clients = 16
	of := map[int]answer{}
	used := map[string]bool{}
	for round := range 2 {
		for i := range clients {
			a := r.mustAsk(head(i))
			if round > 0 && a != of[i] {
				t.Errorf("client %d came to %+v and then to %+v", i, of[i], a)
			}
			of[i], used[a.Index] = a, true
		}
	}
	if len(used) != 3 {
		t.Errorf("app workers %v have clients", used)
	}
	r.get("/die", "") // whichever worker has this address
	for i := range clients {
		if a := r.mustAsk(head(i)); a.Index != of[i].Index {
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
func (r *rig) mustAsk(head string) (a answer) {
	r.t.Helper()
	conn := r.dial()
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
