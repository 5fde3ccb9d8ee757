package measure

import (
	"strings"
	"testing"
)

const wrkSays = `Running 1s test @ http://127.0.0.1:18080/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    12.50ms    3.10ms  40.00ms   80.00%
    Req/Sec     5.01k   310.00     5.60k    70.00%
  5012 requests in 1.00s, 0.92MB read
ERRORS
Requests/sec:   4998.25
Transfer/sec:      0.92MB
`

func TestParseWrk(t *testing.T) {
	for _, c := range []struct{ errors, want string }{
		{"", ""},
		{"  Socket errors: connect 0, read 5, write 0, timeout 0\n", "Socket errors: connect 0, read 5, write 0, timeout 0"},
		{"  Socket errors: connect 0, read 5, write 0, timeout 0\n  Non-2xx or 3xx responses: 17\n",
			"Socket errors: connect 0, read 5, write 0, timeout 0; Non-2xx or 3xx responses: 17"},
	} {
		got, err := parseWrk(strings.Replace(wrkSays, "ERRORS\n", c.errors, 1))
		if want := (Load{Requests: 5012, PerSecond: 4998.25, Errors: c.want}); got != want || err != nil {
			t.Errorf("%+v, %v, want %+v", got, err, want)
		}
	}
}

func TestParseWhatIsNotWrks(t *testing.T) {
	for _, out := range []string{"", "unable to connect", "5 requests in 1.00s", "Requests/sec: 5.1"} {
		if got, err := parseWrk(out); err == nil {
			t.Errorf("%q is %+v", out, got)
		}
	}
}

func TestNoWrk(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if err := FindWrk(); err == nil || !strings.HasPrefix(err.Error(), "no wrk, which makes the load: install it") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v, want one line that says how to have it", err)
	}
}
