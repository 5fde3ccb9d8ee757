package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"syscall"
)

// maxAnswerSize is in bytes.
const maxAnswerSize = 16 << 20

// ErrGone is in an error if the supervisor has ended before it answered.
var ErrGone = errors.New("the supervisor has ended before it answered")

// A Client asks a supervisor. Each question has a connection of its own, and nothing is left when it is answered. The methods may be
// called by several goroutines at once, and block until the supervisor has answered or ctx ends. What the supervisor says is wrong is an
// *Error; what dial gives is in the error as it is.
type Client struct {
	http http.Client
}

// NewClient makes a client that connects by dial, such as home's App.Dial.
func NewClient(dial func(context.Context) (net.Conn, error)) *Client {
	return &Client{http.Client{Transport: &http.Transport{
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
		DisableKeepAlives: true,
	}}}
}

// App tells how the application is.
func (c *Client) App(ctx context.Context) (App, error) {
	return ask[App](ctx, c, "GET", "/v1/app", nil)
}

// Reload has other workers take over, one after the other.
func (c *Client) Reload(ctx context.Context, r Reload) (Result, error) {
	return ask[Result](ctx, c, "POST", "/v1/app/reload", r)
}

// Restart stops all workers and starts others.
func (c *Client) Restart(ctx context.Context) (Result, error) {
	return ask[Result](ctx, c, "POST", "/v1/app/restart", nil)
}

// Scale has more workers or fewer.
func (c *Client) Scale(ctx context.Context, s Scale) (Result, error) {
	return ask[Result](ctx, c, "POST", "/v1/app/scale", s)
}

// Stop ends the application, and returns when its workers have left. The supervisor's process may be there for a moment longer.
func (c *Client) Stop(ctx context.Context) error { return c.do(ctx, "/v1/app/stop", nil) }

// Drain has /readyz say no from now on, and returns when no connection is open.
func (c *Client) Drain(ctx context.Context, d Drain) error { return c.do(ctx, "/v1/app/drain", d) }

// Signal sends a signal to workers.
func (c *Client) Signal(ctx context.Context, s Signal) error { return c.do(ctx, "/v1/app/signal", s) }

// Trigger has workers carry out an action.
func (c *Client) Trigger(ctx context.Context, t Trigger) (Triggered, error) {
	return ask[Triggered](ctx, c, "POST", "/v1/app/trigger", t)
}

// SendData sends workers data.
func (c *Client) SendData(ctx context.Context, d Data) (Sent, error) {
	return ask[Sent](ctx, c, "POST", "/v1/app/send-data", d)
}

// Reset sets the counters of restarts to zero.
func (c *Client) Reset(ctx context.Context) error { return c.do(ctx, "/v1/app/reset", nil) }

// ReopenLogs has the log files be opened anew, after another program has renamed them, and workers be told.
func (c *Client) ReopenLogs(ctx context.Context) error { return c.do(ctx, "/v1/app/reopen-logs", nil) }

// FlushLogs empties the log files.
func (c *Client) FlushLogs(ctx context.Context) error { return c.do(ctx, "/v1/app/flush-logs", nil) }

// Metrics gives the metrics in the format of Prometheus.
func (c *Client) Metrics(ctx context.Context) ([]byte, error) {
	return c.ask(ctx, "GET", "/metrics", nil)
}

// AppMetrics gives the metrics that the application measures itself, in the format of Prometheus and without its name.
func (c *Client) AppMetrics(ctx context.Context) ([]byte, error) {
	return c.ask(ctx, "GET", "/v1/app/metrics", nil)
}

// Live gives an Error if the supervisor does not do its work.
func (c *Client) Live(ctx context.Context) error {
	_, err := c.ask(ctx, "GET", "/livez", nil)
	return err
}

// Ready gives an Error if the application is not to be sent requests.
func (c *Client) Ready(ctx context.Context) error {
	_, err := c.ask(ctx, "GET", "/readyz", nil)
	return err
}

func (c *Client) do(ctx context.Context, path string, body any) error {
	_, err := ask[struct{}](ctx, c, "POST", path, body)
	return err
}

// ask passes over the fields that it does not know, as a newer supervisor may have them.
func ask[Answer any](ctx context.Context, c *Client, method, path string, body any) (Answer, error) {
	var answer Answer
	content, err := c.ask(ctx, method, path, body)
	if err != nil {
		return answer, err
	}
	if err := json.Unmarshal(content, &answer); err != nil {
		return answer, fmt.Errorf("the supervisor's answer to %s makes no sense: %w", path, err)
	}
	return answer, nil
}

func (c *Client) ask(ctx context.Context, method, path string, body any) ([]byte, error) {
	response, err := c.request(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerSize+1))
	if err != nil {
		return nil, gone(ctx, err)
	}
	if len(content) > maxAnswerSize {
		return nil, fmt.Errorf("the supervisor's answer to %s is larger than %d bytes", path, maxAnswerSize)
	}
	return content, nil
}

// request gives the answer of a supervisor that does what it was asked for. Its body is to be closed.
func (c *Client) request(ctx context.Context, method, path string, body any) (*http.Response, error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://supervisor"+path, content)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", product+Version())
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, gone(ctx, err)
	}
	if response.StatusCode != http.StatusOK {
		defer response.Body.Close()
		return nil, refusal(request, response)
	}
	return response, nil
}

// refusal is what the supervisor says is wrong. One that does not say it in JSON is of a version that is not known, or none at all.
func refusal(request *http.Request, response *http.Response) error {
	content, _ := io.ReadAll(io.LimitReader(response.Body, maxBodySize))
	var told Error
	if json.Unmarshal(content, &told) == nil && told.Code != "" && told.Message != "" {
		return &told
	}
	server := versionOf(response.Header.Get("Server"))
	if server == "" {
		server = "of an unknown version"
	}
	code := CodeFailed
	if response.StatusCode == http.StatusNotFound {
		code = CodeUnknown
	}
	return errorf(code, "nodecluster %s, which runs this application, answers %q to %s %s of nodecluster %s", server, response.Status,
		request.Method, request.URL.Path, Version())
}

// gone is a failure without the address, which says nothing.
func gone(ctx context.Context, err error) error {
	if ended := context.Cause(ctx); ended != nil {
		return ended
	}
	if failed := (*url.Error)(nil); errors.As(err, &failed) {
		err = failed.Err
	}
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, end) {
			return fmt.Errorf("%w (%w)", ErrGone, err)
		}
	}
	return err
}
