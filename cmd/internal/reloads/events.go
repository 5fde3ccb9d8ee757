//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
)

// event is a line of the log of nodecluster run.
type event struct{ Msg, Error string }

// eventReader reads such a log on and on.
type eventReader struct {
	log io.ReaderAt
	at  int64
}

// next are the events since the last call. What workers print to the same place is passed over.
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
