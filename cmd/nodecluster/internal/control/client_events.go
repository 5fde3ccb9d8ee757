package control

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"
)

// maxEventSize is in bytes of one line, as a stream has it.
const maxEventSize = 2 * maxQueued

// maxSilence is how long a supervisor says nothing before it is taken for hung.
const maxSilence = 3 * heartbeat

var (
	errSilent = fmt.Errorf("the supervisor has said nothing for %v", maxSilence)
	errLarge  = fmt.Errorf("an event of the supervisor's is larger than %d bytes", maxEventSize)
)

// Events gives what happens from now on: it has the supervisor's answer when it returns. The events end when ctx does, without an error,
// or with an error, which holds ErrGone if the supervisor ends. They can be ranged over once. If that is not done then ctx is to end, as
// the connection is open until then.
func (c *Client) Events(ctx context.Context) iter.Seq2[Event, error] {
	return c.stream(ctx, "/v1/events")
}

// Messages gives what workers send from now on, as Events does.
func (c *Client) Messages(ctx context.Context) iter.Seq2[Event, error] {
	return c.stream(ctx, "/v1/messages")
}

func (c *Client) stream(ctx context.Context, path string) iter.Seq2[Event, error] {
	inner, cancel := context.WithCancelCause(ctx)
	response, err := c.request(inner, "GET", path, nil)
	if err != nil {
		cancel(nil)
		return func(yield func(Event, error) bool) { yield(Event{}, err) }
	}
	return func(yield func(Event, error) bool) {
		defer cancel(nil)
		defer response.Body.Close()
		silence := time.AfterFunc(maxSilence, func() { cancel(errSilent) })
		defer silence.Stop()
		heard := func() { silence.Reset(maxSilence) }
		err := readEvents(response.Body, heard, func(e Event) bool {
			silence.Stop() // it may take its time
			defer heard()
			return yield(e, nil)
		})
		if err != nil && ctx.Err() == nil {
			yield(Event{}, gone(inner, err))
		}
	}
}

// readEvents reads a stream of Server-Sent Events whose data are events, and passes over whatever else is in it. It gives nil if yield
// has said no.
func readEvents(from io.Reader, heard func(), yield func(Event) bool) error {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, maxEventSize)
	var data []byte
	for lines.Scan() {
		heard()
		line := lines.Bytes()
		if value, ok := bytes.CutPrefix(line, []byte("data:")); ok {
			data = append(append(data, bytes.TrimPrefix(value, []byte(" "))...), '\n')
		}
		if len(data) > maxEventSize {
			return errLarge
		}
		if len(line) > 0 || len(data) == 0 {
			continue
		}
		var e Event
		if err := json.Unmarshal(data, &e); err != nil {
			return fmt.Errorf("an event makes no sense: %w", err)
		}
		if !yield(e) {
			return nil
		}
		data = data[:0]
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return errLarge
	case err != nil:
		return err
	}
	return io.ErrUnexpectedEOF
}
