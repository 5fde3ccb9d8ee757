package socket

import (
	"testing"

	"golang.org/x/sys/unix"
)

// As much goes under way as the system allows where nobody has changed its limits.
func TestSeveralLargeMessagesAreUnderWay(t *testing.T) {
	ours, theirs, err := NewPair()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(ours)
	defer unix.Close(theirs)
	message := make([]byte, 64<<10)
	for _, fd := range []int{ours, theirs} {
		for i := range 5 {
			if n, err := Transmit(fd, message, -1); n != len(message) {
				t.Errorf("message %d: %d bytes went, %v", i+1, n, err)
			}
		}
	}
}
