//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"
)

// event is a line of the log of nodecluster run.
type event struct {
	Msg, Error string
	Time       time.Time
}

// eventReader reads such a log on and on.
type eventReader struct {
	log  io.ReaderAt
	at   int64
	read []event // that nobody has had yet
}

// next are the events since the last call of it. What workers print to the same place is passed over.
func (r *eventReader) next() (events []event, err error) {
	text, err := io.ReadAll(io.NewSectionReader(r.log, r.at, math.MaxInt64-r.at))
	if err != nil {
		return nil, fmt.Errorf("the log: %w", err)
	}
	text = text[:bytes.LastIndexByte(text, '\n')+1]
	r.at += int64(len(text))
	for line := range bytes.Lines(text) {
		var e event
		if json.Unmarshal(line, &e) == nil && e.Msg != "" {
			events = append(events, e)
		}
	}
	return events, nil
}

// nextOne is the first event that nobody has had yet. ok is false if there is none by now.
func (r *eventReader) nextOne() (e event, ok bool, err error) {
	if len(r.read) == 0 {
		if r.read, err = r.next(); len(r.read) == 0 {
			return e, false, err
		}
	}
	e, r.read = r.read[0], r.read[1:]
	return e, true, nil
}
