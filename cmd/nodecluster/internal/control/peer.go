package control

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/user"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/secrets"
)

// maxReaders is how many connections those who are not the user have at once, so that they cannot take all descriptors of the supervisor.
const maxReaders = 64

// noGroup is the number of no group.
const noGroup = -1

// A peer is the user at the other end of a connection.
type peer struct {
	uid    int
	groups []int
}

// access is what a peer may do.
type access int

const (
	accessNothing access = iota
	accessRead
	accessAll
)

// readers are those who are not the user.
type readers struct {
	group       int // whose members may read
	connections atomic.Int32
}

func (r *readers) access(p peer) access {
	switch {
	case p.uid == os.Geteuid() || p.uid == 0:
		return accessAll
	case r.group != noGroup && slices.Contains(p.groups, r.group):
		return accessRead
	}
	return accessNothing
}

// A knownListener knows who connects. It hangs up on one reader too many.
type knownListener struct {
	net.Listener
	readers *readers
}

func (l knownListener) Accept() (net.Conn, error) {
	for {
		inner, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c := &knownConn{Conn: inner, may: accessNothing, left: func() {}}
		if unix, ok := inner.(*net.UnixConn); ok {
			if p, err := peerOf(unix); err == nil {
				c.may = l.readers.access(p)
			}
		}
		if c.may == accessAll {
			return c, nil
		}
		c.left = sync.OnceFunc(func() { l.readers.connections.Add(-1) })
		if l.readers.connections.Add(1) <= maxReaders {
			return c, nil
		}
		c.Close()
	}
}

type knownConn struct {
	net.Conn
	may  access
	left func()
}

func (c *knownConn) Close() error {
	c.left()
	return c.Conn.Close()
}

type accessKey struct{}

func connContext(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, accessKey{}, c.(*knownConn).may)
}

// permitted asks who asks.
func (s *Server) permitted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reads := r.Method == http.MethodGet || r.Method == http.MethodHead
		switch may := r.Context().Value(accessKey{}); {
		case may == accessNothing:
			w.Header().Set("Connection", "close")
			answerError(w, errorf(CodeForbidden, "the application belongs to user %d: run this as that user", os.Geteuid()))
		case may == accessRead && !reads:
			answerError(w, errorf(CodeForbidden, "members of the group %s may look at the application and not change it: run this as user %d",
				s.group, os.Geteuid()))
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// groupNumber is that of a group, by its name or number, noGroup if there is none.
func groupNumber(name string, log *slog.Logger) int {
	number := name
	if group, err := user.LookupGroup(name); err == nil {
		number = group.Gid
	}
	group, err := strconv.ParseUint(number, 10, 31)
	if err != nil {
		log.Error("there is no such group, and nobody else may read", "group", name)
		return noGroup
	}
	return int(group)
}

// private is for what is of the application's own data, which members of the group do not see.
func (s *Server) private(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if readsOnly(r.Context()) {
			answerError(w, errorf(CodeForbidden, "members of the group %s do not see what workers send: run this as user %d", s.group, os.Geteuid()))
			return
		}
		next(w, r)
	}
}

func readsOnly(ctx context.Context) bool { return ctx.Value(accessKey{}) == accessRead }

// withoutEnvironment is a configuration for people who may not see the values of the environment, nil if it cannot be told apart.
func withoutEnvironment(config json.RawMessage) json.RawMessage {
	var fields map[string]json.RawMessage
	var env map[string]string
	if json.Unmarshal(config, &fields) != nil {
		return nil
	}
	if fields["env"] == nil {
		return config
	}
	if json.Unmarshal(fields["env"], &env) != nil {
		return nil
	}
	var err error
	if fields["env"], err = json.Marshal(secrets.MaskAll(env)); err != nil {
		return nil
	}
	if config, err = json.Marshal(fields); err != nil {
		return nil
	}
	return config
}
