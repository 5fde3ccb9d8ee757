package usage

import (
	"os"
	"testing"
	"time"
)

// The name of a program may look like what follows it.
func TestParseStat(t *testing.T) {
	const numbers = " R 1 2 2 0 -1 4194304 100 0 0 0 250 50 7 7 20 0 11 0 12345 1000000 42 18446744073709551615 1 1\n"
	want := stat{started: 123450 * time.Millisecond, cpu: 3 * time.Second, resident: 42 * int64(os.Getpagesize())}
	for _, name := range []string{"node", "a b", ") S 1 2 3", "(((", "a\nb"} {
		if got, err := parseStat([]byte("77 (" + name + ")" + numbers)); got != want || err != nil {
			t.Errorf("%q: %+v, %v, want %+v", name, got, err, want)
		}
	}
	for _, line := range []string{"", ")", "77 (node) R 1 2", "77 (node) x x x x x x x x x x x x x x x x x x x x x x x x"} {
		if got, err := parseStat([]byte(line)); err == nil {
			t.Errorf("%q is read as %+v", line, got)
		}
	}
}
