package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

const pageToken = "a-token-of-a-test"

// securePage is nodecluster web with a token, and a certificate that an authority of the test has signed.
type securePage struct {
	*servedPage
	authority string // the file of its certificate
	trusting  *tls.Config
	spki      string // what the certificate's key is to Chromium
	flags     []string
}

// serveSecurely serves on a port of all addresses of this machine.
func serveSecurely(t *testing.T) *securePage {
	t.Helper()
	p := &securePage{servedPage: &servedPage{manager: newManager(t)}, trusting: &tls.Config{RootCAs: x509.NewCertPool()}}
	folder := t.TempDir()
	file := func(name string) string { return filepath.Join(folder, name) }
	p.authority = file("authority.pem")
	p.certify(t, file)
	writeText(t, file("token"), pageToken+"\n")
	p.flags = []string{"--tls-cert", file("cert.pem"), "--tls-key", file("key.pem"), "--token-file", file("token")}
	p.serve(t, append(p.flags, "--listen", "0.0.0.0:0"))
	at, found := strings.CutPrefix(p.url, "https://panel.example:")
	if !found {
		t.Fatalf("it says that the page is at %s", p.url)
	}
	p.url = "https://127.0.0.1:" + at
	return p
}

// certify makes an authority, and a certificate by it for this machine's addresses and for panel.example.
func (p *securePage) certify(t *testing.T, file func(string) string) {
	t.Helper()
	authorityKey, key := newKey(t), newKey(t)
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "an authority"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"panel.example"},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, address := range machineAddresses(t) {
		leaf.IPAddresses = append(leaf.IPAddresses, net.IP(address.AsSlice()))
	}
	writePEM(t, p.authority, "CERTIFICATE", sign(t, authority, authority, &authorityKey.PublicKey, authorityKey))
	signed := sign(t, leaf, authority, &key.PublicKey, authorityKey)
	writePEM(t, file("cert.pem"), "CERTIFICATE", signed)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, file("key.pem"), "PRIVATE KEY", private)
	parsed, err := x509.ParseCertificate(signed)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(parsed.RawSubjectPublicKeyInfo)
	p.spki = base64.StdEncoding.EncodeToString(sum[:])
	text, err := os.ReadFile(p.authority)
	if err != nil {
		t.Fatal(err)
	}
	p.trusting.RootCAs.AppendCertsFromPEM(text)
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sign(t *testing.T, certificate, authority *x509.Certificate, key *ecdsa.PublicKey, by *ecdsa.PrivateKey) []byte {
	t.Helper()
	signed, err := x509.CreateCertificate(rand.Reader, certificate, authority, key, by)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func writePEM(t *testing.T, path, kind string, content []byte) {
	t.Helper()
	writeText(t, path, string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content})))
}

// machineAddresses are the addresses of IPv4 that this machine has, that of loopback first.
func machineAddresses(t *testing.T) []netip.Addr {
	t.Helper()
	addresses := []netip.Addr{netip.MustParseAddr("127.0.0.1")}
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil && prefix.Addr().Is4() && !prefix.Addr().IsLoopback() {
			addresses = append(addresses, prefix.Addr())
		}
	}
	return addresses
}

// newClient makes a client that trusts what a configuration says, speaks HTTP/2, and follows no redirection.
func newClient(t *testing.T, trust *tls.Config) *http.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: trust, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// requestBy asks for the page with a token. The host is the one that the request names.
func requestBy(t *testing.T, client *http.Client, url, host, token string) (*http.Response, error) {
	t.Helper()
	asked, err := http.NewRequestWithContext(nodetest.Context(t), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	asked.Host = host
	if token != "" {
		asked.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := client.Do(asked)
	if err == nil {
		response.Body.Close()
	}
	return response, err
}

func TestPageOverTLS(t *testing.T) {
	p := serveSecurely(t)
	client := newClient(t, p.trusting)
	reachable := machineAddresses(t)
	reachable = reachable[:min(2, len(reachable))] // as wrong tokens are limited
	port := p.url[strings.LastIndex(p.url, ":"):]
	for _, address := range reachable {
		at := "https://" + address.String() + port + "/"
		for token, want := range map[string]int{pageToken: http.StatusOK, "": http.StatusUnauthorized, pageToken + "x": http.StatusUnauthorized} {
			if r, err := requestBy(t, client, at, "", token); err != nil || r.StatusCode != want || r.ProtoMajor != 2 {
				t.Errorf("%s with the token %q answers %+v, %v, want %d by HTTP/2", at, token, r, err, want)
			}
		}
	}
	for host, want := range map[string]int{"panel.example": http.StatusOK, "evil.example": http.StatusMisdirectedRequest} {
		if r, err := requestBy(t, client, p.url, host, pageToken); err != nil || r.StatusCode != want {
			t.Errorf("for %s it answers %+v, %v, want %d", host, r, err, want)
		}
	}
	if _, err := requestBy(t, newClient(t, nil), p.url, "", pageToken); !errors.As(err, new(x509.UnknownAuthorityError)) {
		t.Errorf("a client that does not know the authority gets %v", err)
	}
	old := &tls.Config{RootCAs: p.trusting.RootCAs, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	if c, err := tls.Dial("tcp", strings.TrimPrefix(p.url, "https://"), old); err == nil {
		c.Close()
		t.Error("TLS 1.1 is spoken")
	}
	if r, err := requestBy(t, client, strings.Replace(p.url, "https", "http", 1), "", pageToken); err != nil || r.StatusCode != http.StatusBadRequest {
		t.Errorf("plain HTTP gets %+v, %v", r, err)
	}
	t.Run("signing in", func(t *testing.T) { p.expectSecureCookie(t, client) })
	t.Run("Node", p.expectNode)
}

func (p *securePage) expectSecureCookie(t *testing.T, client *http.Client) {
	response, err := client.PostForm(p.url+"/sign-in", url.Values{"token": {pageToken}})
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if cookies := response.Cookies(); len(cookies) != 1 || !cookies[0].Secure || !cookies[0].HttpOnly {
		t.Errorf("the cookies are %v", cookies)
	}
}

// readsStream is a program that verifies the certificate, and reads the first event of the page by HTTP/2.
const readsStream = `const session = require('http2').connect(process.argv[2], { ca: require('fs').readFileSync(process.argv[3]) });
session.on('error', (error) => { console.log(error.code); process.exit(); });
const stream = session.request({ ':path': '/stream', authorization: 'Bearer ' + process.argv[4] });
stream.on('response', (headers) => console.log(session.alpnProtocol, session.socket.authorized, headers[':status'], headers['content-type']));
stream.once('data', (data) => { console.log(String(data).split('\n')[0]); session.destroy(); });
`

func (p *securePage) expectNode(t *testing.T) {
	script := filepath.Join(t.TempDir(), "reads.js")
	writeText(t, script, readsStream)
	out, err := exec.CommandContext(nodetest.Context(t), nodetest.Default(t).Path, script, p.url, p.authority, pageToken).CombinedOutput()
	if want := "h2 true 200 text/event-stream\nevent: parts\n"; err != nil || string(out) != want {
		t.Errorf("Node prints %q, %v, want %q", out, err, want)
	}
}

func TestSigningInInChromium(t *testing.T) {
	nodetest.Chromium(t)
	p := serveSecurely(t)
	b := browse(t, p.url, chromedp.Flag("ignore-certificate-errors-spki-list", p.spki))
	b.do(chromedp.Navigate(p.url))
	b.expectLooks(t, "sign-in", `location.pathname === '/sign-in'`)
	b.expect("Failed to load resource: the server responded with a status of 401 () " + p.url)
	b.do(chromedp.SendKeys("#token", "not the token\r"), chromedp.WaitVisible("[role=alert]"))
	b.expectLooks(t, "wrong-token", `!!document.querySelector('[role=alert]')`)
	signIn := func() {
		b.do(chromedp.SendKeys("#token", pageToken+"\r"), chromedp.WaitVisible("#live"))
		b.await(isLive)
	}
	signIn()
	if protocol := value[string](b, `performance.getEntriesByType('navigation')[0].nextHopProtocol`); protocol != "h2" {
		t.Errorf("Chromium speaks %s", protocol)
	}
	b.expectLooks(t, "no-applications", isLive)
	b.expect("Failed to load resource: net::ERR_")
	p.end()
	p.serve(t, append(p.flags, "--listen", p.url[len("https://"):])) // which does not know the browser any more
	b.do(chromedp.WaitVisible("#token"))
	signIn()
	b.do(chromedp.Click(`form[action="/sign-out"] button`), chromedp.WaitVisible("#token"))
}
