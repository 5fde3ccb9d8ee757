package boot

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
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

// Whatever the variables say, the numbers are in order, and there is one variable a name.
func FuzzSockets(f *testing.F) {
	f.Add("3", "http:unknown:admin")
	f.Add("1024", "a:A:a-b:a_b::")
	f.Add("-1", "http")
	f.Fuzz(func(t *testing.T, count, names string) {
		for name, value := range map[string]string{"LISTEN_PID": strconv.Itoa(os.Getpid()), "LISTEN_FDS": count, "LISTEN_FDNAMES": names} {
			if os.Setenv(name, value) != nil {
				t.Skip("no variable has that value")
			}
		}
		sockets := Sockets()
		for i, s := range sockets {
			if s.FD != firstFD+i || i >= maxSockets {
				t.Fatalf("socket %d is descriptor %d", i, s.FD)
			}
		}
		seen := map[string]bool{}
		for _, variable := range Env(sockets) {
			name, numbers, _ := strings.Cut(variable, "=")
			if seen[name] || !isVariable.MatchString(name) || !isNumbers.MatchString(numbers) {
				t.Errorf("%q is a variable of %q", variable, names)
			}
			seen[name] = true
		}
	})
}

var (
	isVariable = regexp.MustCompile(`^NODECLUSTER_FD_[A-Z0-9_]+$`)
	isNumbers  = regexp.MustCompile(`^[0-9]+(,[0-9]+)*$`)
)
