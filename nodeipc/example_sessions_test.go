//go:build unix

package nodeipc_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"log"
	"net"
	"net/http"
	"os/exec"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc"
	"golang.org/x/sys/unix"
)

// peek returns the first bytes of a connection, up to the end of an HTTP request's head, and leaves them in the connection for its
// next reader. A client gets a second for them.
func peek(conn *net.TCPConn) (head []byte, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	conn.SetReadDeadline(time.Now().Add(time.Second))
	defer conn.SetReadDeadline(time.Time{})
	head = make([]byte, 4096)
	var peekErr error
	err = raw.Read(func(fd uintptr) (done bool) {
		var n int
		n, _, peekErr = unix.Recvfrom(int(fd), head[:cap(head)], unix.MSG_PEEK)
		if errors.Is(peekErr, unix.EAGAIN) {
			return false // nothing has come
		}
		head = head[:max(n, 0)]
		return peekErr != nil || n == 0 || n == cap(head) || bytes.Contains(head, []byte("\r\n\r\n"))
	})
	return head, errors.Join(err, peekErr)
}

// session returns the session id of an HTTP request, "" if it has none.
func session(head []byte) string {
	_, rest, _ := bytes.Cut(head, []byte("\r\nCookie: session="))
	id, _, _ := bytes.Cut(rest, []byte("\r\n"))
	return string(id)
}

// serveSessions accepts connections, and gives all of a session to the same worker.
func serveSessions(ctx context.Context, listener net.Listener, workers []*nodeipc.Child) {
	serve := func(conn *net.TCPConn) error {
		head, err := peek(conn)
		if err != nil {
			return err
		}
		hash := fnv.New32a()
		hash.Write([]byte(session(head)))
		return workers[hash.Sum32()%uint32(len(workers))].SendConn(ctx, "socket", conn)
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			return // the listener is closed
		}
		go func() {
			if err := serve(conn.(*net.TCPConn)); err != nil {
				log.Print(err)
				conn.Close()
			}
		}()
	}
}

// askAs sends a request of a session, and returns the pid of the worker that has answered.
func askAs(session string, address net.Addr) string {
	request, err := http.NewRequest(http.MethodGet, "http://"+address.String(), nil)
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("Cookie", "session="+session)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	pid, err := io.ReadAll(response.Body)
	if err != nil {
		log.Fatal(err)
	}
	return string(pid)
}

// Two Node programs serve the connections that this process accepts. All of a session go to the same program, which is chosen by
// the first bytes of the connection.
func Example_sessions() {
	ctx := context.Background()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer listener.Close()
	var workers []*nodeipc.Child
	for range 2 {
		worker, err := nodeipc.Start(exec.Command("node", "testdata/worker.js"), nodeipc.Options{})
		if err != nil {
			log.Fatal(err)
		}
		defer worker.Wait()
		defer worker.Disconnect()
		workers = append(workers, worker)
	}
	go serveSessions(ctx, listener, workers)

	anna, bert := askAs("anna", listener.Addr()), askAs("bert", listener.Addr())
	for range 3 {
		fmt.Println(askAs("anna", listener.Addr()) == anna, askAs("bert", listener.Addr()) == bert, anna == bert)
	}
	// Output:
	// true true false
	// true true false
	// true true false
}
