package main

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strconv"

	"github.com/nodecluster/nodecluster/cluster/pool"
)

func (o *options) setInstances(text string) error {
	if text == "auto" || text == "max" {
		o.keep.Instances = 0
		return nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return errors.New("use a number from 1 on, or auto")
	}
	o.keep.Instances = n
	return nil
}

func (o *options) setWorkerMemory(text string) error {
	n, err := parseSize(text)
	o.keep.WorkerMemory = int64(n)
	return err
}

// sizeUnits are the units of a size in bytes.
var sizeUnits = map[byte]int{'K': 1 << 10, 'M': 1 << 20, 'G': 1 << 30}

func parseSize(text string) (bytes int, err error) {
	number, unit := text, 1
	if last := len(text) - 1; last > 0 && sizeUnits[text[last]] > 0 {
		number, unit = text[:last], sizeUnits[text[last]]
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > math.MaxInt/unit {
		return 0, errors.New("use a size in bytes, such as 512K, 128M or 1G")
	}
	return n * unit, nil
}

// sizing writes how many workers there are and what limits have to do with it, if they have.
func (l *eventLog) sizing(s pool.Sizing) {
	text, attrs := plural(s.Instances, "worker", "workers"), []slog.Attr{slog.Int("instances", s.Instances)}
	if s.Reason != "" {
		text += ", as " + s.Reason
		attrs = append(attrs, slog.String("reason", s.Reason))
	}
	if s.MaxOldSpaceSize != 0 {
		text += fmt.Sprintf("; for the memory limit, those of Node have --max-old-space-size=%d", s.MaxOldSpaceSize)
		attrs = append(attrs, slog.Int("maxOldSpaceSize", s.MaxOldSpaceSize))
	}
	if len(attrs) > 1 {
		l.write(entry{slog.LevelInfo, "instances", attrs, text})
	}
}
