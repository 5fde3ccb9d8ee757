package boot

import (
	"os"
	"slices"
	"strconv"
	"testing"
)

func TestEnv(t *testing.T) {
	got := Env([]Socket{{"http", 3}, {"", 4}, {"api-v2.socket", 5}, {"http", 6}, {"über", 7}})
	want := []string{"NODECLUSTER_FD_HTTP=3,6", "NODECLUSTER_FD_API_V2_SOCKET=5", "NODECLUSTER_FD__BER=7"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// Sockets are those that systemd has opened for this process, and no other's.
func TestSockets(t *testing.T) {
	own := strconv.Itoa(os.Getpid())
	for _, c := range []struct {
		pid, fds, names string
		want            []Socket
	}{
		{own, "3", "http:unknown:admin", []Socket{{"http", 3}, {"", 4}, {"admin", 5}}},
		{own, "2", "", []Socket{{"", 3}, {"", 4}}},
		{own, "1", "http:of nobody", []Socket{{"http", 3}}},
		{own, "0", "", nil},
		{own, "-1", "", nil},
		{own, "1000000000", "", nil},
		{own, "many", "", nil},
		{"1", "1", "http", nil},
		{"", "1", "http", nil},
	} {
		t.Setenv("LISTEN_PID", c.pid)
		t.Setenv("LISTEN_FDS", c.fds)
		t.Setenv("LISTEN_FDNAMES", c.names)
		if got := Sockets(); !slices.Equal(got, c.want) {
			t.Errorf("%+v gives %v", c, got)
		}
	}
}
