//go:build unix

package handlewrap_test

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"

	"github.com/nodecluster/nodecluster/handlewrap"
)

func Example() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	sent, err := handlewrap.FromListener(l)
	if err != nil {
		log.Fatal(err)
	}
	l.Close()

	fd, err := sent.Release() // travels to another process, or, as here, nowhere
	if err != nil {
		log.Fatal(err)
	}

	received := handlewrap.New(handlewrap.NetServer, fd)
	defer received.Close()
	ln, err := received.Listener()
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "hello")
	})}
	defer server.Close()
	go server.Serve(ln)

	response, err := http.Get("http://" + ln.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", body)
	// Output: hello
}
