//go:build !unix

package handlewrap_test

import (
	"errors"
	"net"
	"testing"

	"github.com/nodecluster/nodecluster/handlewrap"
)

func TestUnsupported(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := handlewrap.FromListener(l); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	if _, err := handlewrap.New(handlewrap.NetNative, 3).Conn(); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}
