package main

import (
	"errors"
	"strconv"

	"github.com/nodecluster/nodecluster/cluster"
)

func (o *options) setSpare(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return errors.New("use a number from 0 on")
	}
	o.keep.Spare = n
	return nil
}

// standby is what the log adds about a worker that listens and gets no connections yet.
func standby(w *cluster.Worker) string {
	if w.IsStandby() {
		return " (on standby)"
	}
	return ""
}
