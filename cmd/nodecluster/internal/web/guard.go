package web

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"

	"golang.org/x/time/rate"
)

// minToken is how long a token is at least: it cannot be guessed then, at the rate at which it may be tried.
const minToken = 16

// ReadToken reads a token from a file: its text, without the space around it, which needs to have 16 characters at least.
func ReadToken(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(text))
	if len(token) < minToken {
		return "", fmt.Errorf("the token in %s has %d characters, and needs %d: head -c 24 /dev/urandom | base64 makes one", path, len(token), minToken)
	}
	return token, nil
}

// guard is what keeps strangers out. A request passes these in order:
//
//   - the host that it names is one of ours, so that a page of another site whose name leads here (DNS rebinding) reads nothing;
//   - it is not one that another site has a browser make, by what the browser says of its origin;
//   - it comes from the user whose the page is or from root, which the kernel says of connections on loopback, or it has the token;
//   - a request that changes something has the token of this process's forms.
type guard struct {
	options Options
	secret  [32]byte // of this process
	hosts   []string
	origin  *http.CrossOriginProtection
	tries   *rate.Limiter // of tokens
}

const sessionCookie = "nodecluster-session"

func newGuard(o Options) (*guard, error) {
	if o.Token != "" && len(o.Token) < minToken {
		return nil, fmt.Errorf("a token needs %d characters", minToken)
	}
	if o.Token == "" && !canTellPeers {
		return nil, errors.New("this system does not say which user connects: give --token-file")
	}
	g := &guard{options: o, origin: http.NewCrossOriginProtection(), tries: rate.NewLimiter(1, 10)}
	rand.Read(g.secret[:])
	for _, host := range o.Hosts {
		g.hosts = append(g.hosts, strings.ToLower(strings.TrimSuffix(host, ".")))
	}
	return g, nil
}

// mayListen says no to an address that other machines reach, if there is no token or no certificate.
func (g *guard) mayListen(address net.Addr) error {
	if tcp, ok := address.(*net.TCPAddr); ok && tcp.IP.IsLoopback() {
		return nil
	}
	if g.options.Token == "" || g.options.TLS == nil {
		return fmt.Errorf("cannot listen on %s: %w; give --token-file, --tls-cert and --tls-key, or listen on 127.0.0.1", address, ErrExposed)
	}
	return nil
}

type peerKey struct{}

// peer is who has connected. Without an error it is one who may use the page.
type peer struct{ err error }

// connContext finds out once who has connected.
func (g *guard) connContext(ctx context.Context, c net.Conn) context.Context {
	if g.options.Token != "" {
		return ctx
	}
	uid, err := peerUID(c)
	if err == nil && uid != 0 && uid != os.Geteuid() {
		err = fmt.Errorf("the page is for user %d and root, and user %d has connected", os.Geteuid(), uid)
	}
	return context.WithValue(ctx, peerKey{}, peer{err})
}

// protect has requests pass that name a host of ours, and that other sites have not made. Its headers are on all answers.
func (g *guard) protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setHeaders(w.Header())
		if !g.isOurs(r.Host) {
			http.Error(w, fmt.Sprintf("this page is not called %q; --host NAME gives it a further name", r.Host), http.StatusMisdirectedRequest)
			return
		}
		isEmbedded := r.Header.Get("Sec-Fetch-Site") == "cross-site" && r.Header.Get("Sec-Fetch-Mode") != "navigate"
		if err := g.origin.Check(r); err != nil || isEmbedded {
			http.Error(w, "another site has made this request", http.StatusForbidden)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}

func setHeaders(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "+
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Cache-Control", "no-store")
}

// isOurs reports whether a host is one that this page is reached by. An address is: nobody can have it lead elsewhere.
func (g *guard) isOurs(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.ToLower(strings.TrimSuffix(strings.Trim(name, "[]"), "."))
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	return name == "localhost" || slices.Contains(g.hosts, name) || g.isCertified(name)
}

func (g *guard) isCertified(name string) bool {
	if g.options.TLS == nil {
		return false
	}
	return slices.ContainsFunc(g.options.TLS.Certificates, func(c tls.Certificate) bool {
		return c.Leaf != nil && c.Leaf.VerifyHostname(name) == nil
	})
}

// signedIn has requests pass of those who may use the page, and among what changes something what has come from one of its forms.
func (g *guard) signedIn(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.isAllowed(w, r) {
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead && !equal(r.PostFormValue("csrf"), g.csrf()) {
			http.Error(w, "this form is not of this process: load the page again", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isAllowed reports whether a request is of one who may use the page, and answers it if not.
func (g *guard) isAllowed(w http.ResponseWriter, r *http.Request) bool {
	if g.options.Token == "" {
		who, ok := r.Context().Value(peerKey{}).(peer)
		if !ok {
			who.err = errors.New("it is not known who has connected")
		}
		if who.err != nil {
			http.Error(w, who.err.Error(), http.StatusForbidden)
		}
		return who.err == nil
	}
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return g.tryToken(w, token)
	}
	if cookie, err := r.Cookie(sessionCookie); err == nil && equal(cookie.Value, g.session()) {
		return true
	}
	if r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html") {
		http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
		return false
	}
	w.Header().Set("WWW-Authenticate", "Bearer")
	http.Error(w, "a token is needed: Authorization: Bearer TOKEN", http.StatusUnauthorized)
	return false
}

// tryToken reports whether a token is right, and answers a request if not. A right one is never made to wait for others' wrong ones.
func (g *guard) tryToken(w http.ResponseWriter, token string) bool {
	switch {
	case equal(token, g.options.Token):
		return true
	case !g.tries.Allow():
		w.Header().Set("Retry-After", "10")
		http.Error(w, "too many wrong tokens: try again later", http.StatusTooManyRequests)
	default:
		http.Error(w, "this is not the token", http.StatusUnauthorized)
	}
	return false
}

// csrf is the token of this process's forms, which no other site can read.
func (g *guard) csrf() string { return g.derive("csrf") }

// session is what a browser keeps that has signed in. It ends with this process.
func (g *guard) session() string { return g.derive("session") }

func (g *guard) derive(purpose string) string {
	mac := hmac.New(sha256.New, g.secret[:])
	mac.Write([]byte(purpose))
	return hex.EncodeToString(mac.Sum(nil))
}

// equal compares in a time that says nothing of how much of them is alike.
func equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
