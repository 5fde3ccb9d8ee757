package control

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/user"
	"slices"
	"strconv"
)

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

type peerKey struct{}
type accessKey struct{}

// connContext keeps who is at the other end of a connection, if the system tells.
func connContext(ctx context.Context, c net.Conn) context.Context {
	unix, ok := c.(*net.UnixConn)
	if !ok {
		return ctx
	}
	p, err := peerOf(unix)
	if err != nil {
		return ctx
	}
	return context.WithValue(ctx, peerKey{}, p)
}

// permitted asks who asks.
func (s *Server) permitted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reads := r.Method == http.MethodGet || r.Method == http.MethodHead
		p, known := r.Context().Value(peerKey{}).(peer)
		switch may := s.access(p); {
		case !known || may == accessNothing:
			w.Header().Set("Connection", "close")
			answerError(w, errorf(CodeForbidden, "the application belongs to user %d: run this as that user", os.Geteuid()))
		case may == accessRead && !reads:
			answerError(w, errorf(CodeForbidden, "members of the group %s may look at the application and not change it: run this as user %d", s.group, os.Geteuid()))
		default:
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), accessKey{}, may)))
		}
	})
}

func (s *Server) access(p peer) access {
	switch {
	case p.uid == os.Geteuid() || p.uid == 0:
		return accessAll
	case s.group == "":
		return accessNothing
	}
	if group, err := groupNumber(s.group); err == nil && slices.Contains(p.groups, group) {
		return accessRead
	}
	return accessNothing
}

// groupNumber is that of a group, by its name or number.
func groupNumber(name string) (int, error) {
	if group, err := user.LookupGroup(name); err == nil {
		return strconv.Atoi(group.Gid)
	}
	return strconv.Atoi(name)
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
	for name := range env {
		env[name] = "***"
	}
	var err error
	if fields["env"], err = json.Marshal(env); err != nil {
		return nil
	}
	if config, err = json.Marshal(fields); err != nil {
		return nil
	}
	return config
}
