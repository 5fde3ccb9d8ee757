package nodetest

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

const appsSource = "../../testdata/apps"

// answer is what each sample program of testdata/apps answers.
type answer struct {
	PID    int `json:"pid"`
	Worker int `json:"worker"`
}

// startApp runs a sample program until the test ends, and returns once it has
// printed that many times that it listens.
func startApp(t *testing.T, node Runtime, name string, listening int, env ...string) (pid int) {
	t.Helper()
	cmd := exec.Command(node.Path, filepath.Join(appsSource, name))
	cmd.Env = append(os.Environ(), "NODE_PATH="+filepath.Join(Apps(t), "node_modules"))
	cmd.Env = append(cmd.Env, env...)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	hurry := func() { stdout.(*os.File).SetReadDeadline(time.Now().Add(Patience)) }
	hurry()
	t.Cleanup(func() {
		cmd.Process.Kill()
		hurry()
		for lines.Scan() {
			// The end comes when the last worker has exited.
		}
		cmd.Wait()
	})
	for listening > 0 {
		if !lines.Scan() {
			t.Fatalf("%s on %s ended before it listened: %v", name, node.Name, lines.Err())
		}
		if strings.Contains(lines.Text(), "listening on ") {
			listening--
		}
	}
	return cmd.Process.Pid
}

// get asks once over a connection of its own; network and address overrule
// the URL's host.
func get(t *testing.T, url, network, address string) answer {
	t.Helper()
	transport := &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{RootCAs: testCertificate(t)},
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		},
	}
	client := http.Client{Transport: transport, Timeout: Patience}
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var got answer
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	return got
}

func testCertificate(t *testing.T) *x509.CertPool {
	t.Helper()
	pem, err := os.ReadFile(filepath.Join(appsSource, "tls", "cert.pem"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		t.Fatal("no certificate in cert.pem")
	}
	return pool
}

func TestAppsAnswer(t *testing.T) {
	for _, name := range []string{"http.js", "https.js", "express.js", "fastify.js"} {
		t.Run(name, func(t *testing.T) {
			EachNode(t, func(t *testing.T, node Runtime) {
				NoLeaks(t)
				address := net.JoinHostPort("127.0.0.1", strconv.Itoa(FreePort(t)))
				_, port, _ := net.SplitHostPort(address)
				pid := startApp(t, node, name, 1, "PORT="+port)
				scheme := "http"
				if name == "https.js" {
					scheme = "https"
				}
				if got := get(t, scheme+"://"+address, "tcp", address); got != (answer{PID: pid}) {
					t.Errorf("answered %+v, want pid %d and no worker", got, pid)
				}
			})
		})
	}
}

func TestSelfPrimaryAnswersFromBothWorkers(t *testing.T) {
	EachNode(t, func(t *testing.T, node Runtime) {
		NoLeaks(t)
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(FreePort(t)))
		_, port, _ := net.SplitHostPort(address)
		startApp(t, node, "selfprimary.js", 2, "PORT="+port)
		pids := make(map[int]int)
		for range 10 {
			got := get(t, "http://"+address, "tcp", address)
			pids[got.Worker] = got.PID
		}
		if len(pids) != 2 || pids[1] == 0 || pids[2] == 0 || pids[1] == pids[2] {
			t.Errorf("answered from these workers' pids: %v, want workers 1 and 2", pids)
		}
	})
}

func TestThreeWayAnswersOnEach(t *testing.T) {
	EachNode(t, func(t *testing.T, node Runtime) {
		NoLeaks(t)
		tcp := fmt.Sprintf("127.0.0.1:%d", FreePort(t))
		udp := fmt.Sprintf("127.0.0.1:%d", FreePort(t))
		unix := filepath.Join(t.TempDir(), "s")
		_, port, _ := net.SplitHostPort(tcp)
		_, udpPort, _ := net.SplitHostPort(udp)
		pid := startApp(t, node, "threeway.js", 3, "PORT="+port, "UDP_PORT="+udpPort, "SOCKET="+unix)
		want := answer{PID: pid}
		if got := get(t, "http://"+tcp, "tcp", tcp); got != want {
			t.Errorf("TCP answered %+v, want %+v", got, want)
		}
		if got := get(t, "http://localhost", "unix", unix); got != want {
			t.Errorf("the Unix socket answered %+v, want %+v", got, want)
		}
		if got := askUDP(t, udp); got != want {
			t.Errorf("UDP answered %+v, want %+v", got, want)
		}
	})
}

func askUDP(t *testing.T, address string) answer {
	t.Helper()
	conn, err := net.Dial("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(Patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte("who are you?")); err != nil {
		t.Fatal(err)
	}
	var got answer
	if err := json.NewDecoder(conn).Decode(&got); err != nil {
		t.Fatal(err)
	}
	return got
}
