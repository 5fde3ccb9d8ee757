package web

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

const aToken = "a token of 16 or more"

// ask sends a request, whose header Host is that of the URL unless another is given.
func ask(t *testing.T, method, url string, header map[string]string, body string) *http.Response {
	t.Helper()
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	if host := header["Host"]; host != "" {
		request.Host = host
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	response.Body = io.NopCloser(strings.NewReader(string(text)))
	return response
}

func TestGuard(t *testing.T) {
	url := serveTo(t, Options{Source: newRecorded(), Hosts: []string{"Panel.example"}})
	for _, c := range []struct {
		name, method, path string
		header             map[string]string
		body               string
		want               int
	}{
		{"its own user", "GET", "/", nil, "", http.StatusOK},
		{"localhost", "GET", "/", map[string]string{"Host": "localhost:1234"}, "", http.StatusOK},
		{"a name of its own", "GET", "/", map[string]string{"Host": "panel.example"}, "", http.StatusOK},
		{"rebinding", "GET", "/", map[string]string{"Host": "evil.example"}, "", http.StatusMisdirectedRequest},
		{"rebinding of a file", "GET", "/assets/page.js", map[string]string{"Host": "evil.example:9615"}, "", http.StatusMisdirectedRequest},
		{"a link on another site", "GET", "/", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, "", http.StatusOK},
		{"another site's script", "GET", "/", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, "", http.StatusForbidden},
		{"another site's form", "POST", "/apps/api/start", map[string]string{"Sec-Fetch-Site": "cross-site"}, "csrf=x", http.StatusForbidden},
		{"another port's form", "POST", "/apps/api/start", map[string]string{"Sec-Fetch-Site": "same-site"}, "csrf=x", http.StatusForbidden},
		{"another origin's form", "POST", "/apps/api/start", map[string]string{"Origin": "http://evil.example"}, "csrf=x", http.StatusForbidden},
		{"no token", "POST", "/apps/api/reload", nil, "", http.StatusForbidden},
		{"a wrong token", "POST", "/apps/api/reload", nil, "csrf=0123", http.StatusForbidden},
		{"a change by GET", "GET", "/apps/api/reload", nil, "", http.StatusNotFound},
		{"another method", "PUT", "/apps/api", nil, "csrf=x", http.StatusForbidden},
		{"a large form", "POST", "/apps/api/reload", nil, "csrf=" + strings.Repeat("x", maxBody), http.StatusForbidden},
		{"no application", "GET", "/apps/other", nil, "", http.StatusNotFound},
		{"a file that is not there", "GET", "/assets/web.go", nil, "", http.StatusNotFound},
		{"a folder of files", "GET", "/assets/", nil, "", http.StatusNotFound},
		{"metrics that are not there", "GET", "/metrics", nil, "", http.StatusNotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			response := ask(t, c.method, url+c.path, c.header, c.body)
			if response.StatusCode != c.want {
				t.Errorf("the status is %d, want %d", response.StatusCode, c.want)
			}
			policy := response.Header.Get("Content-Security-Policy")
			if !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || response.Header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("the headers are %v", response.Header)
			}
		})
	}
}

func TestToken(t *testing.T) {
	url := serveTo(t, Options{Source: newRecorded(), Token: aToken})
	html := map[string]string{"Accept": "text/html"}
	if r := ask(t, "GET", url+"/", html, ""); r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/sign-in" {
		t.Errorf("a browser without the token gets %d, and is sent to %s", r.StatusCode, r.Header.Get("Location"))
	}
	if r := ask(t, "GET", url+"/stream", nil, ""); r.StatusCode != http.StatusUnauthorized {
		t.Errorf("a stream without the token has the status %d", r.StatusCode)
	}
	if r := ask(t, "GET", url+"/", map[string]string{"Authorization": "Bearer " + aToken}, ""); r.StatusCode != http.StatusOK {
		t.Errorf("with the token the status is %d", r.StatusCode)
	}
	if r := ask(t, "POST", url+"/sign-in", nil, "token=wrong"); r.StatusCode != http.StatusUnauthorized || len(r.Cookies()) != 0 {
		t.Errorf("to sign in with a wrong token has the status %d", r.StatusCode)
	}
	signedIn := ask(t, "POST", url+"/sign-in", nil, "token="+strings.ReplaceAll(aToken, " ", "+"))
	if len(signedIn.Cookies()) != 1 {
		t.Fatalf("to sign in has the status %d and the cookies %v", signedIn.StatusCode, signedIn.Cookies())
	}
	cookie := signedIn.Cookies()[0]
	if !cookie.HttpOnly || cookie.Secure || cookie.SameSite != http.SameSiteStrictMode || strings.Contains(cookie.Value, aToken) {
		t.Errorf("the cookie is %v", cookie)
	}
	proxied := ask(t, "POST", url+"/sign-in", map[string]string{"X-Forwarded-Proto": "https"}, "token="+strings.ReplaceAll(aToken, " ", "+"))
	if cookies := proxied.Cookies(); len(cookies) != 1 || !cookies[0].Secure {
		t.Errorf("behind a proxy that speaks TLS the cookies are %v", cookies)
	}
	if r := ask(t, "GET", url+"/", map[string]string{"Accept": "text/html", "Cookie": cookie.Name + "=" + cookie.Value}, ""); r.StatusCode != http.StatusOK {
		t.Errorf("who has signed in gets the status %d", r.StatusCode)
	}
	var last int
	for range 20 {
		last = ask(t, "GET", url+"/", map[string]string{"Authorization": "Bearer wrong"}, "").StatusCode
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("the 20th wrong token has the status %d", last)
	}
	if r := ask(t, "GET", url+"/", map[string]string{"Authorization": "Bearer " + aToken}, ""); r.StatusCode != http.StatusOK {
		t.Errorf("after wrong tokens the right one has the status %d", r.StatusCode)
	}
}

func TestListenElsewhere(t *testing.T) {
	nodetest.NoLeaks(t)
	for _, o := range []Options{{}, {Token: aToken}} {
		o.Source = newRecorded()
		server, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		for _, address := range []string{"0.0.0.0:0", "[::]:0", ":0"} {
			if l, err := server.Listen(address); !errors.Is(err, ErrExposed) {
				t.Errorf("to listen on %s gives %v", address, err)
				l.Close()
			}
		}
		l, err := net.Listen("tcp", "0.0.0.0:0")
		if err != nil {
			t.Fatal(err)
		}
		if err := server.Serve(l); !errors.Is(err, ErrExposed) {
			t.Errorf("to serve on %v gives %v", l.Addr(), err)
		}
	}
}

func TestReadToken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	for text, want := range map[string]string{aToken + "\n": aToken, "short\n": "", "": ""} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := ReadToken(path); got != want || (err == nil) != (want != "") {
			t.Errorf("of %q it is %q, %v", text, got, err)
		}
	}
}

// peers is a listener on loopback that tells whose the connections are.
func peers(t *testing.T, address string, before func()) (port int, uids <-chan error) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { l.Close() })
	found := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		before()
		uid, err := peerUID(c)
		if err == nil {
			err = fmt.Errorf("user %d", uid)
		}
		found <- err
	}()
	return l.Addr().(*net.TCPAddr).Port, found
}

func TestPeer(t *testing.T) {
	mine := fmt.Sprintf("user %d", os.Geteuid())
	for _, address := range []string{"127.0.0.1:0", "[::1]:0", "[::ffff:127.0.0.1]:0"} {
		t.Run(address, func(t *testing.T) {
			port, uids := peers(t, address, func() {})
			host, _, _ := net.SplitHostPort(address)
			c, err := net.Dial("tcp", net.JoinHostPort(host, fmt.Sprint(port)))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if got := nodetest.Receive(t, uids, "whose the connection is").Error(); got != mine {
				t.Errorf("it is that of %s, want %s", got, mine)
			}
		})
	}
}

// Of a socket that was closed the kernel says that it is root's.
func TestPeerThatHasGone(t *testing.T) {
	closed := make(chan struct{})
	port, uids := peers(t, "127.0.0.1:0", func() { <-closed })
	c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	close(closed)
	if got := nodetest.Receive(t, uids, "whose the connection is"); strings.HasPrefix(got.Error(), "user ") {
		t.Errorf("a connection that was closed is that of %v", got)
	}
}

func TestOtherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to be another user")
	}
	url := serveTo(t, Options{Source: newRecorded()})
	other := exec.Command("sh", "-c", `exec 3<>"/dev/tcp/$0" && printf 'GET / HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3 && cat <&3`, strings.Replace(strings.TrimPrefix(url, "http://"), ":", "/", 1))
	other.Path, other.Args[0] = "/bin/bash", "bash"
	other.Dir = "/"
	other.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	answer, err := other.CombinedOutput()
	if err != nil || !strings.Contains(string(answer), "403") || !strings.Contains(string(answer), "user 65534 has connected") {
		t.Errorf("another user gets %s, %v", answer, err)
	}
}
