package boot

import (
	"slices"
	"testing"
)

func TestEnv(t *testing.T) {
	got := Env([]Socket{{"http", 3}, {"", 4}, {"api-v2.socket", 5}, {"http", 6}, {"über", 7}})
	want := []string{"NODECLUSTER_FD_HTTP=3,6", "NODECLUSTER_FD_API_V2_SOCKET=5", "NODECLUSTER_FD__BER=7"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
