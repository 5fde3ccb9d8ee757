package control

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func TestUnknownCommandNamesBothVersions(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newRig(t, &testService{}, ServerOptions{})
	_, err := r.ask(t.Context(), "POST", "/v1/app/levitate", nil)
	told := wantError(t, err, CodeUnknown)
	if strings.Count(told.Message, "nodecluster "+Version()) != 2 || !strings.Contains(told.Message, "/v1/app/levitate") {
		t.Errorf("the error says %q", told.Message)
	}
	_, err = r.ask(t.Context(), "GET", "/v1/app/reload", nil)
	if told := wantError(t, err, CodeUnknown); !strings.HasSuffix(told.Message, "it is POST") {
		t.Errorf("the error says %q", told.Message)
	}
	answer := r.raw(t, "GET /v2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nUser-Agent: curl/8\r\n\r\n")
	if !strings.HasPrefix(answer, "HTTP/1.1 404 ") || !strings.Contains(answer, "openapi.yaml") || strings.Contains(answer, "curl") {
		t.Errorf("another program gets %s", answer)
	}
}

// clientOf gives a client whom a text answers.
func clientOf(text string) *Client {
	return NewClient(func(context.Context) (net.Conn, error) {
		mine, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			if _, err := http.ReadRequest(bufio.NewReader(theirs)); err == nil {
				io.WriteString(theirs, text)
			}
		}()
		return mine, nil
	})
}

func TestClientOfOtherServers(t *testing.T) {
	nodetest.NoLeaks(t)
	answer := func(status, body string) string {
		return fmt.Sprintf("HTTP/1.1 %s\r\nServer: nodecluster/v9.9.9\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", status, len(body), body)
	}
	app, err := clientOf(answer("200 OK", `{"name":"api","state":"dreaming","dreams":[1]}`)).App(t.Context())
	if err != nil || app.Name != "api" || app.State != "dreaming" {
		t.Errorf("the application is %+v (%v)", app, err)
	}
	_, err = clientOf(answer("404 Not Found", "no")).App(t.Context())
	if told := wantError(t, err, CodeUnknown); !strings.Contains(told.Message, "v9.9.9") || !strings.Contains(told.Message, Version()) {
		t.Errorf("the error says %q", told.Message)
	}
	_, err = clientOf(answer("500 Oops", "")).App(t.Context())
	wantError(t, err, CodeFailed)
	for _, text := range []string{"", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"} {
		if _, err := clientOf(text).App(t.Context()); !errors.Is(err, ErrGone) {
			t.Errorf("%q gives %v, want ErrGone", text, err)
		}
	}
	for _, text := range []string{"SSH-2.0\r\n\r\n", answer("200 OK", "[]"), answer("200 OK", strings.Repeat(" ", maxAnswerSize+1))} {
		if _, err := clientOf(text).App(t.Context()); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.30q gives %v", text, err)
		}
	}
	refused := errors.New("refused")
	if _, err := NewClient(func(context.Context) (net.Conn, error) { return nil, refused }).App(t.Context()); err != refused {
		t.Errorf("error %v, want what dial gave", err)
	}
}
