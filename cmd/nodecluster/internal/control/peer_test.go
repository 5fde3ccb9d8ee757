package control

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net"
	"slices"
	"testing"
)

func TestWithoutEnvironment(t *testing.T) {
	for config, want := range map[string]string{
		`{"env":{"KEY":"secret"},"name":"api"}`: `{"env":{"KEY":"******"},"name":"api"}`,
		`{"name":"api"}`:                        `{"name":"api"}`,
		`{"env":["KEY=secret"]}`:                ``,
		`["secret"]`:                            ``,
		``:                                      ``,
	} {
		if got := withoutEnvironment(json.RawMessage(config)); string(got) != want {
			t.Errorf("%s is shown as %s, want %s", config, got, want)
		}
	}
}

func TestReadersAreCountedOnce(t *testing.T) {
	r := &readers{group: noGroup}
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := knownListener{inner, r}
	defer l.Close()
	mine, err := net.Dial("tcp", inner.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer mine.Close()
	theirs, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if n := r.connections.Load(); n != 1 {
		t.Errorf("%d are counted, want 1", n)
	}
	if err := theirs.Close(); err != nil {
		t.Fatal(err)
	}
	if err := theirs.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the second Close gives %v", err)
	}
	if n := r.connections.Load(); n != 0 {
		t.Errorf("%d are counted, want 0", n)
	}
}

// Members of the group look at everything but what the application's workers say to each other.
func TestMembersOfTheGroupSeeNoMessages(t *testing.T) {
	fine := &testService{events: func(context.Context) iter.Seq[Event] { return func(func(Event) bool) {} }}
	for path, want := range map[string]string{"/v1/events": "200", "/v1/messages": "403"} {
		i := slices.IndexFunc(table(), func(r route) bool { return r.path == path })
		if got, _ := answerTo(table()[i], asking{fine, "", accessRead}); got != want {
			t.Errorf("%s gives them %s, want %s", path, got, want)
		}
	}
}
