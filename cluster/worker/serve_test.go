//go:build linux

package worker_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/cluster/worker"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func init() {
	program("serves until the primary is lost", serveUntilLost)
	program("serves what does not end", serveEndless)
	program("serves where the server says", serveAtAddr)
}

// serveUntilLost serves uploads, and expects Serve to tell that the primary is lost, with the cause of $BROKEN.
func serveUntilLost() error {
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		if err := errors.Join(control.EnableFullDuplex(), control.Flush()); err != nil {
			panic(err)
		}
		n, err := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, n, " bytes, ", err)
	})}
	deferred := false
	err := func() error {
		defer func() { deferred = true }()
		return worker.Serve(context.Background(), server, "tcp", "127.0.0.1:"+os.Getenv("PORT"))
	}()
	_, broken := os.LookupEnv("BROKEN")
	return expected(deferred && errors.Is(err, worker.ErrPrimaryLost) && errors.Is(err, nodeipc.ErrProtocol) == broken,
		"serve", deferred, err)
}

// A worker whose primary is lost finishes its requests, and Serve returns with what has happened.
func TestServeUntilPrimaryIsLost(t *testing.T) {
	play := func(u under) {
		w, port := u.startOn()
		u.listening(w, 1)
		body, upload := io.Pipe()
		response, err := http.Post("http://"+clustertest.Local(port), "text/plain", body)
		if err != nil {
			u.t.Fatal(err)
		}
		defer http.DefaultClient.CloseIdleConnections()
		defer response.Body.Close()
		u.CloseChannel(w)
		u.Book().Event(u.t, "disconnect", w)
		if _, err := io.WriteString(upload, "the rest"); err != nil {
			u.t.Error(err)
		}
		upload.Close()
		if answer, err := io.ReadAll(response.Body); string(answer) != "8 bytes, <nil>" || err != nil {
			u.t.Errorf("the request that was under way ends with %q, %v", answer, err)
		}
		u.expectExit(w, asExpected)
	}
	const name = "serves until the primary is lost"
	underNode(t, name, []int{16, 26}, nodePolicies, play)
	underOurs(t, name, []cluster.SchedulingPolicy{cluster.SchedRR}, play)
}

// A primary that breaks the protocol is lost too, before the worker listens as well as afterwards.
func TestServeUntilProtocolIsBroken(t *testing.T) {
	const reply = `{"cmd":"NODE_CLUSTER","ack":%d,"key":"k","sockname":{"address":"127.0.0.1","family":"IPv4","port":8000},"seq":0}` + "\n"
	for name, answer := range map[string]string{"before it has answered": "", "afterwards": reply} {
		t.Run(name, func(t *testing.T) {
			nodetest.NoLeaks(t)
			ours, theirs := channelPair(t)
			defer ours.Close()
			file := os.NewFile(uintptr(theirs), "channel")
			cmd := exec.Command(self(t))
			cmd.Env = append(append(os.Environ(), clustertest.AsProgram("serves until the primary is lost")...),
				"PORT=8000", "BROKEN=", "NODE_UNIQUE_ID=7", "NODE_CHANNEL_FD=3", "NODE_CHANNEL_SERIALIZATION_MODE=json")
			cmd.ExtraFiles = []*os.File{file}
			var printed clustertest.Output
			cmd.Stderr = &printed
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			file.Close()
			messages := bufio.NewReader(ours)
			if answer != "" {
				fmt.Fprintf(ours, answer, await(t, messages, "queryServer"))
				await(t, messages, "listening")
			}
			io.WriteString(ours, "{{{\n")
			nodetest.Await(t, func() { cmd.Wait() }, "end of the worker")
			if code := cmd.ProcessState.ExitCode(); code != asExpected {
				t.Errorf("the worker ends with code %d:\n%s", code, &printed)
			}
		})
	}
}

// serveEndless answers requests that do not end: /stream, and /hijacked, which is no request to net/http any more. It expects
// Serve to end all the same, and prints where it listens.
func serveEndless() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	mux := http.NewServeMux()
	mux.HandleFunc("/stream", func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	mux.HandleFunc("/hijacked", func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
	})
	timeout, err := time.ParseDuration(os.Getenv("TIMEOUT"))
	if err != nil {
		return err
	}
	err = worker.ServeWith(ctx, &http.Server{Handler: mux}, "tcp", "127.0.0.1:"+os.Getenv("PORT"), worker.ServeOptions{
		ShutdownTimeout: timeout, OnListen: func(address net.Addr) { fmt.Println(address.(*net.TCPAddr).Port) },
	})
	return expected(errors.Is(err, worker.ErrShutdownTimeout) && errors.Is(err, context.DeadlineExceeded) &&
		strings.Contains(err.Error(), os.Getenv("SAYS")), "serve", err)
}

// endless are requests that do not end, with what Serve's error says of them.
var endless = []struct{ path, says string }{
	{"/stream", "requests were still under way"},
	{"/hijacked", "other connections of the process were still open"},
}

const endlessProgram = "serves what does not end"

// Ctrl-C ends a program that runs alone, whatever its clients do.
func TestServeEndsAloneAtADeadline(t *testing.T) {
	for _, c := range endless {
		t.Run(c.path, func(t *testing.T) {
			a := startAlone(t, endlessProgram, "PORT=0", "TIMEOUT=100ms", "SAYS="+c.says)
			port, err := strconv.Atoi(a.line())
			if err != nil {
				t.Fatal(err)
			}
			response, err := open(port, c.path)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			a.signal(syscall.SIGINT)
			a.expectExit(asExpected)
		})
	}
}

// A worker that is asked to leave does so at the deadline, in good order.
func TestServeEndsAtADeadline(t *testing.T) {
	for _, c := range endless {
		play := func(u under) {
			w, port := u.startOn("TIMEOUT=100ms", "SAYS="+c.says)
			u.listening(w, 1)
			response, err := open(port, c.path)
			if err != nil {
				u.t.Fatal(err)
			}
			defer response.Body.Close()
			u.DisconnectWorker(w)
			u.expectExit(w, asExpected)
			if list := u.Book().Of(w); list[len(list)-2].Event != "disconnect" {
				u.t.Errorf("the worker exits before its channel has ended: %v", list)
			}
		}
		underNode(t, endlessProgram, []int{16, 26}, nodePolicies[:1], play)
		underOurs(t, endlessProgram, []cluster.SchedulingPolicy{cluster.SchedRR}, play)
	}
}

// A primary that does not answer keeps no worker from ending at the deadline.
func TestServeEndsUnderAStoppedPrimary(t *testing.T) {
	nodetest.NoLeaks(t)
	p := startNode(t, nodetest.Default(t), cluster.SchedRR, endlessProgram)
	u := under{p, t}
	w, _ := u.startOn("TIMEOUT=100ms", "SAYS=the primary did not answer")
	u.listening(w, 1)
	pid := p.Pid(w)
	if err := p.Child.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	awaitZombie(t, pid)
	if err := p.Child.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	u.expectExit(w, asExpected)
}

// awaitZombie waits until a process has ended for which its parent has not waited.
func awaitZombie(t *testing.T, pid int) {
	t.Helper()
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(poll, int(clustertest.Patience.Milliseconds()))
		switch {
		case err == unix.EINTR:
		case err != nil || n == 0:
			t.Fatalf("process %d does not end: %v", pid, err)
		default:
			return
		}
	}
}

// serveAtAddr leaves it to the server where it listens.
func serveAtAddr() error {
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "here") })
	return worker.Serve(context.Background(), &http.Server{Addr: "127.0.0.1:" + os.Getenv("PORT"), Handler: handler}, "", "")
}

func TestServeAtTheServersAddress(t *testing.T) {
	play := func(u under) {
		w, port := u.startOn()
		u.listening(w, 1)
		if got := get(u.t, port, "/"); got != "here" {
			u.t.Errorf("the server answers %q", got)
		}
		u.DisconnectWorker(w)
		u.expectExit(w, 0)
	}
	underOurs(t, "serves where the server says", []cluster.SchedulingPolicy{cluster.SchedRR}, play)
}
