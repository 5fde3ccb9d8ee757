package options

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/pool"
)

func TestParseProbe(t *testing.T) {
	for text, want := range map[string]pool.Probe{
		"/healthz?a=b":                   {HTTPGet: &pool.HTTPGet{Path: "/healthz?a=b"}},
		"http://localhost:3000/healthz":  {HTTPGet: &pool.HTTPGet{Path: "/healthz", Host: "localhost:3000"}, Port: 3000},
		"https://example.com":            {HTTPGet: &pool.HTTPGet{Path: "/", Host: "example.com", HTTPS: true}},
		"tcp":                            {TCPSocket: true},
		"tcp:3000":                       {TCPSocket: true, Port: 3000},
		`exec:check "two words" $HOME`:   {Exec: []string{"check", "two words", "$HOME"}},
		"http://[::1]:3000/healthz?deep": {HTTPGet: &pool.HTTPGet{Path: "/healthz?deep", Host: "[::1]:3000"}, Port: 3000},
	} {
		if got, err := parseProbe(text); err != nil || !reflect.DeepEqual(*got, want) {
			t.Errorf("%s is %+v (%v), want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "healthz", "tcp:", "tcp:0", "exec:", `exec:"`, "http:", "http:///x", "http://a:99999/", "https://user@host/"} {
		if got, err := parseProbe(text); err == nil {
			t.Errorf("%q is %s", text, fmt.Sprint(got))
		}
	}
}
