//go:build unix

package main

import (
	"fmt"
	"runtime"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
)

// giveTurns gives each contender a turn in every round.
func giveTurns(contenders []*contender, rounds int, d time.Duration) error {
	for range rounds {
		for _, c := range contenders {
			nanoseconds, err := c.turn(d)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			c.turns = append(c.turns, nanoseconds)
		}
	}
	return nil
}

// ratio is the median of what c took in ratio to what first took in the same round.
func (c *contender) ratio(first *contender) float64 {
	ratios := make([]float64, len(c.turns))
	for i := range ratios {
		ratios[i] = c.turns[i] / first.turns[i]
	}
	return median(ratios)
}

func median(all []float64) float64 {
	return measure.Median(all, func(f float64) float64 { return f })
}

// goContender is one in this process. What the collector takes meanwhile counts, as it does in a Node.
func goContender(name string, f func() error) *contender {
	return &contender{name: name, turn: func(d time.Duration) (float64, error) {
		for calls := 1; ; calls *= 2 {
			before := cpu()
			for range calls {
				if err := f(); err != nil {
					return 0, err
				}
			}
			if took := cpu() - before; took >= d/2 {
				return float64(took.Nanoseconds()) / float64(calls), nil
			}
		}
	}}
}

// likeNode gives this process one processor, as a Node has one for its JavaScript: on a busy machine the collector's
// threads wait for each other, and that would be measured. And it lets 16 MiB of garbage pile up: with that it still
// takes less memory than a Node does. The caller keeps the ballast, which counts as live: as much may be allocated
// before it is collected.
func likeNode() (ballast []byte) {
	runtime.GOMAXPROCS(1)
	return make([]byte, 16<<20)
}

// cpu is the time that this process has run so far.
func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err) // it has no reason to fail
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
