package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"
)

// signal sends the master a signal.
func (r *eggRun) signal(s syscall.Signal) {
	r.t.Helper()
	if err := r.child.Signal(s); err != nil {
		r.t.Fatal(err)
	}
}

// write writes a file of the application's.
func (r *eggRun) write(name, text string) {
	r.t.Helper()
	if err := os.WriteFile(r.path(name), []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

// change changes a file of the application's, once the agent watches the last of what it watches.
func (r *eggRun) change() {
	r.t.Helper()
	log := r.path(fmt.Sprintf("app/logs/shop%d/egg-agent.log", r.version))
	poll(r.t, "the agent watches app.js", func() bool {
		text, _ := os.ReadFile(log)
		return strings.Contains(string(text), fmt.Sprintf("Start watching: %q", r.path("app/app.js")))
	})
	r.write("app/app/service/greeting.js", "module.exports = (app) => class extends app.Service { of() { return 'changed'; } };\n")
}

// chooseFirst has sendRandom choose the first process.
func (r *eggRun) chooseFirst() {
	r.options["require"] = []string{r.path("app/lib/experience.js"), r.path("app/lib/first.js")}
}

// noteAnswer notes what a request is answered with.
func (r *eggRun) noteAnswer(path string) {
	r.t.Helper()
	r.noteAnswerAt("tcp", localhost(r.port), "http", path)
}

func (r *eggRun) noteAnswerAt(network, address, protocol, path string) {
	r.t.Helper()
	r.note("%s %s: %s", protocol, path, r.answer(network, address, protocol, path))
}

// answer is what a request on a connection of its own is answered with, without the number of the worker, or the error.
func (r *eggRun) answer(network, address, protocol, path string) string {
	wait := patience
	if r.master.official { // which forgets a connection now and then while it reloads
		wait = 5 * time.Second
	}
	body, err := eggRequest(net.Dialer{}, wait, network, address, protocol, path)
	if err != nil {
		return "no answer"
	}
	var fields map[string]any
	if json.Unmarshal(body, &fields) != nil {
		return string(body)
	}
	delete(fields, "worker")
	text, _ := json.Marshal(fields)
	return string(text)
}

// workerFor is the number of the worker that answers a client of that address.
func (r *eggRun) workerFor(address int) int {
	r.t.Helper()
	from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(address+10))}}
	body, err := eggRequest(from, patience, "tcp", localhost(r.port), "http", "/")
	var who struct{ Worker int }
	if err == nil {
		err = json.Unmarshal(body, &who)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return who.Worker
}

func eggRequest(dialer net.Dialer, wait time.Duration, network, address, protocol, path string) ([]byte, error) {
	transport := &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, address)
		},
	}
	client := &http.Client{Transport: transport, Timeout: wait}
	response, err := client.Get(protocol + "://localhost" + path)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return io.ReadAll(response.Body)
}

// toldPort is the port that the master has told its parent, or 0.
func (r *eggRun) toldPort() int {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.parent {
		var message struct {
			Action string
			Data   struct{ Port int }
		}
		if json.Unmarshal(m, &message) == nil && message.Action == "egg-ready" {
			return message.Data.Port
		}
	}
	return 0
}

// forget leaves messages that are a text out of what is compared.
func (r *eggRun) forget(text string) {
	r.forgotten = append(r.forgotten, text)
}

// noteLogged notes in which of the application's logs a text is.
func (r *eggRun) noteLogged(text string) {
	r.t.Helper()
	fs.WalkDir(os.DirFS(r.folder), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".log") {
			if content, _ := os.ReadFile(r.path(path)); strings.Contains(string(content), text) {
				r.note("%s has: %s", path, text)
			}
		}
		return nil
	})
}

// makeCertificate writes a key and a certificate of its own.
func (r *eggRun) makeCertificate() (key, certificate string) {
	r.t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		r.t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		r.t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		r.t.Fatal(err)
	}
	write := func(name, kind string, content []byte) string {
		r.write(name, string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content})))
		return r.path(name)
	}
	return write("key.pem", "PRIVATE KEY", encoded), write("certificate.pem", "CERTIFICATE", signed)
}

// withoutForgotten leaves out what forget says.
func (r *eggRun) withoutForgotten(lines []string) []string {
	return slices.DeleteFunc(lines, func(line string) bool {
		return slices.ContainsFunc(r.forgotten, func(text string) bool { return strings.Contains(line, text) })
	})
}
