//go:build unix

package measure

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"
)

// Steady is how long requests took that came steadily.
type Steady struct {
	took   []time.Duration // from when it was due, in rising order
	Errors string          // what went wrong, empty if nothing did
}

// Quantile is how long a part of the requests, from 0 to 1, took at the most.
func (s Steady) Quantile(part float64) time.Duration {
	return s.took[min(int(part*float64(len(s.took))), len(s.took)-1)]
}

// Steadily makes as many HTTP requests a second, each on a connection of its own, whether those before are answered or not,
// as users do who do not know of each other. It waits for all answers.
func Steadily(ctx context.Context, address string, seconds, perSecond int) (s Steady, err error) {
	var (
		requests sync.WaitGroup
		mu       sync.Mutex
		failed   error
		failures int
		began    = time.Now()
		total    = seconds * perSecond
	)
	for i := range total {
		due := began.Add(time.Duration(i) * time.Second / time.Duration(perSecond))
		if err := sleepUntil(ctx, due); err != nil {
			requests.Wait()
			return s, err
		}
		requests.Go(func() {
			err := request(ctx, address)
			took := time.Since(due)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failures++
				failed = err
				return
			}
			s.took = append(s.took, took)
		})
	}
	requests.Wait()
	if len(s.took) == 0 {
		return s, fmt.Errorf("no request was answered: %w", failed)
	}
	if failures > 0 {
		s.Errors = fmt.Sprintf("%d of %d requests failed, the last one with: %v", failures, total, failed)
	}
	slices.Sort(s.took)
	return s, nil
}

func sleepUntil(ctx context.Context, t time.Time) error {
	select {
	case <-time.After(time.Until(t)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func request(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, EndPatience)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()
	if _, err := conn.Write(requestTo(address)); err != nil {
		return err
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		return err
	}
	if len(answer) == 0 {
		return errNoAnswer
	}
	return wrongAnswer(answer)
}
