package nodetest

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

func TestNoLeaksNoticesFileDescriptor(t *testing.T) {
	r := &recorder{}
	noLeaks(r, 50*time.Millisecond)
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r.end()
	want := fmt.Sprintf("file descriptor %d: %s", file.Fd(), os.DevNull)
	if !strings.Contains(r.report(), want) {
		t.Errorf("reported %q, want %q in it", r.report(), want)
	}
}

func TestNoLeaksNoticesReusedFileDescriptor(t *testing.T) {
	r := &recorder{}
	old, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	noLeaks(r, 50*time.Millisecond)
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	r.end()
	if !strings.Contains(r.report(), ": socket:[") {
		t.Errorf("reported %q, want the socket in it", r.report())
	}
}
