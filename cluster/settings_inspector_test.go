package cluster

import (
	"strings"
	"testing"
)

// What process.debugPort is in a Node that was started with these arguments, as Node 16 to 26 print it; but 0 where Node prints the
// port that the system has chosen.
func TestDebugPort(t *testing.T) {
	for args, want := range map[string]int{
		"":                                 9229,
		"--inspect":                        9229,
		"--inspect=21080":                  21080,
		"--inspect=127.0.0.1:21080":        21080,
		"--inspect=[::1]:21080":            21080,
		"--inspect=:21080":                 21080,
		"--inspect=127.0.0.1":              9229,
		"--inspect=localhost:0":            0,
		"--inspect=0":                      0,
		"--inspect-brk=21080":              21080,
		"--inspect-wait=21080":             21080,
		"--inspect-port=21080":             21080,
		"--inspect-port 21080":             21080,
		"--inspect_port=21080":             21080,
		"--debug-port=21080":               21080,
		"--inspect 21080":                  9229,
		"--inspect --inspect-port=21080":   21080,
		"--inspect-port=21080 --inspect":   21080,
		"--inspect-port=1 --inspect=21085": 21085,
		"--inspect-port=1 --inspect=[::1]": 9229,
		"--inspect-publish-uid=21080":      9229,
		"--inspect=21080 --title=21081":    21080,
	} {
		if got := debugPortOf(strings.Fields(args)); got != want {
			t.Errorf("with %q it is %d, want %d", args, got, want)
		}
	}
}
