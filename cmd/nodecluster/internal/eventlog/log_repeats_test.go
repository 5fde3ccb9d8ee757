package eventlog

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestRepeats(t *testing.T) {
	r := repeats{interval: repeatInterval}
	var told []string
	now := time.Now()
	happens := func(key string) {
		if r.begin(key, now, func(n int) { told = append(told, fmt.Sprint(n, " ", key)) }) {
			told = append(told, key)
			return
		}
		r.add(key)
	}
	expect := func(want ...string) {
		t.Helper()
		if !slices.Equal(told, want) {
			t.Fatalf("told were %q, want %q", told, want)
		}
		told = nil
	}
	if !r.due().IsZero() {
		t.Error("nothing has happened, but something is due")
	}
	for _, key := range []string{"a", "a", "b", "a"} {
		happens(key)
	}
	expect("a", "b")
	if want := now.Add(repeatInterval); !r.due().Equal(want) {
		t.Errorf("it is due at %v, want %v", r.due(), want)
	}
	r.tell(now)
	expect()
	now = r.due()
	r.tell(now)
	expect("2 a") // and b is over
	happens("b")
	happens("a")
	expect("b")
	r.end("a")
	expect("1 a")
	happens("a")
	happens("a")
	happens("b")
	r.endAll()
	expect("a", "1 b", "1 a")
	if !r.due().IsZero() {
		t.Error("all has ended, but something is due")
	}
}
