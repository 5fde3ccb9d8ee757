package logs

import (
	"context"
	"iter"
	"sync"
	"time"
)

// File is the log of an application.
type File struct {
	App, Path string
	// Instance is the one whose lines are read, in place of the query's, if it is not nil.
	Instance *int
}

// ReadAll is [Read] for the logs of several applications: what is there comes by time, so many lines of each as the query says, and then the
// lines that come, as they come. The lines say of which application they are.
func ReadAll(ctx context.Context, files []File, q Query) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		readers := make([]*reader, len(files))
		for i, f := range files {
			readers[i] = &reader{path: f.Path, query: q}
			if f.Instance != nil {
				readers[i].query.Instance = *f.Instance
			}
			defer readers[i].close()
		}
		if mergeHistories(ctx, files, readers, yield) && q.Follow {
			followAll(ctx, files, readers, yield)
		}
	}
}

// head is the next line of a log.
type head struct {
	line Line
	err  error
	at   time.Time // of the line, or the one before
	next func() (Line, error, bool)
	done bool
}

func (h *head) advance() {
	var ok bool
	h.line, h.err, ok = h.next()
	if h.done = !ok; !h.line.Time.IsZero() {
		h.at = h.line.Time
	}
}

// mergeHistories gives the lines that are there by time. It reports whether more are wanted.
func mergeHistories(ctx context.Context, files []File, readers []*reader, yield func(Line, error) bool) bool {
	heads := make([]*head, len(readers))
	for i, r := range readers {
		next, stop := iter.Pull2(r.history(ctx))
		defer stop()
		heads[i] = &head{next: next}
		heads[i].advance()
	}
	for {
		first := -1
		for i, h := range heads {
			if !h.done && (first < 0 || h.at.Before(heads[first].at)) {
				first = i
			}
		}
		if first < 0 {
			return true
		}
		h := heads[first]
		h.line.App = files[first].App
		if !yield(h.line, h.err) || h.err != nil {
			return false
		}
		h.advance()
	}
}

// arrival is a line of one of several logs.
type arrival struct {
	line Line
	err  error
}

func followAll(ctx context.Context, files []File, readers []*reader, yield func(Line, error) bool) {
	ctx, halt := context.WithCancel(ctx)
	arrivals := make(chan arrival)
	var following sync.WaitGroup
	defer following.Wait()
	defer halt()
	for i, r := range readers {
		following.Go(func() {
			r.follow(ctx, func(line Line, err error) bool {
				line.App = files[i].App
				select {
				case arrivals <- arrival{line, err}:
					return true
				case <-ctx.Done():
					return false
				}
			})
		})
	}
	for {
		select {
		case a := <-arrivals:
			if !yield(a.line, a.err) || a.err != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}
