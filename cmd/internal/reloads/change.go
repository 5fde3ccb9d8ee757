//go:build linux

package main

import (
	"fmt"
	"time"
)

// The changes, as --change names them.
const (
	reloading = "reload"
	scaling   = "scale"
	recycling = "recycle"
)

// nouns are what the table calls them.
var nouns = map[string]string{reloading: "reload", scaling: "scaling", recycling: "replacement"}

// fewWorkers is how many there are before and after a scaling.
const fewWorkers = 2

func (o *options) checkChange() error {
	switch {
	case nouns[o.change] == "":
		return fmt.Errorf("invalid argument %q for \"--change\" flag: use %s, %s or %s", o.change, reloading, scaling, recycling)
	case o.change == scaling && o.workers <= fewWorkers:
		return fmt.Errorf("--change %s goes from %d workers to --workers, which must be more", scaling, fewWorkers)
	case o.change != reloading && len(o.only) == 1 && o.only[0] == underPM2:
		return fmt.Errorf("--change %s is not for PM2", o.change)
	}
	return nil
}

// lifetime is how long workers live at most, so that so many are replaced in a minute: each lives for 95 % of it on average.
func (o *options) lifetime() time.Duration {
	return time.Duration(o.workers) * time.Minute / time.Duration(o.perMinute) * 100 / 95
}
