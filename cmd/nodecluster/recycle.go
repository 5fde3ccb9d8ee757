package main

import (
	"errors"
	"strconv"

	"github.com/spf13/pflag"
)

// addRecycling adds the flags by which workers are replaced without being told to.
func (o *options) addRecycling(flags *pflag.FlagSet) {
	flags.Var(value{"SIZE", o.setMaxMemory}, "max-memory",
		"how much memory (RSS) a worker may use, as 512M or 1G; one that uses more for three\nseconds is replaced, new first, and one at a time (default no limit)")
	flags.Var(value{"DURATION", setDuration(&o.keep.MaxLifetime)}, "max-lifetime",
		"after how long a worker is replaced so, or up to a tenth sooner (default never)")
	flags.Var(value{"N", o.setMaxConnections}, "max-connections",
		"after how many connections a worker is replaced so, under --sched rr and least\n(default never)")
}

func (o *options) setMaxMemory(text string) error {
	n, err := parseSize(text)
	o.keep.MaxMemory = int64(n)
	return err
}

func (o *options) setMaxConnections(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return errors.New("use a number from 1 on")
	}
	o.keep.MaxConnections = n
	return nil
}
