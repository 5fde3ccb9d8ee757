package nodetest

import (
	"testing"
	"time"
)

func TestReceive(t *testing.T) {
	c := make(chan int, 1)
	c <- 1
	if got := Receive(t, c, "number"); got != 1 {
		t.Errorf("received %d, want 1", got)
	}
	r := &recorder{}
	Await(t, func() { receiveWithin(r, time.Millisecond, c, "number") }, "end of a test that waits in vain")
	if got, want := r.report(), "nodetest: no number within 1ms"; got != want {
		t.Errorf("reported %q, want %q", got, want)
	}
}
