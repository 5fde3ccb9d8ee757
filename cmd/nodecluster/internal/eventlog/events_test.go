package eventlog

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
)

func TestDescribeAddress(t *testing.T) {
	for want, address := range map[string]cluster.Address{
		"port 80":                {Port: 80, AddressType: "4", FD: -1},
		"[::1]:80":               {Address: "::1", Port: 80, AddressType: "6", FD: -1},
		"/run/app.sock":          {Address: "/run/app.sock", Port: -1, AddressType: "-1", FD: -1},
		"file descriptor 3":      {Port: -1, AddressType: "4", FD: 3},
		"0.0.0.0:53 (udp4)":      {Address: "0.0.0.0", Port: 53, AddressType: "udp4", FD: -1},
		"port 53 (udp6)":         {Port: 53, AddressType: "udp6", FD: -1},
		`/a\n\x1b[31m`:           {Address: "/a\n\x1b[31m", Port: -1, AddressType: "-1", FD: -1},
		strings.Repeat("é", 128): {Address: strings.Repeat("é", 1000), Port: -1, AddressType: "-1", FD: -1},
		"[fe80::1%eth0]:8080":    {Address: "fe80::1%eth0", Port: 8080, AddressType: "6", FD: -1},
	} {
		if got := describeAddress(address); got != want {
			t.Errorf("%+v is described as %q, want %q", address, got, want)
		}
	}
}

func TestOneLine(t *testing.T) {
	err := fmt.Errorf("cluster: fork: nodeipc: %w", errors.Join(errors.New("one"), errors.New("two")))
	if got := OneLine(err); got != "one; two" {
		t.Errorf("the line is %q", got)
	}
	if got := OneLine(errors.New("pool: app.js ended with code 1")); got != "app.js ended with code 1" {
		t.Errorf("the line is %q", got)
	}
}
