//go:build linux

package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
)

//go:embed testdata/printer.js
var printer []byte

// options are the program's flags.
type options struct {
	node, getPM2           string
	nodecluster            string
	log4js                 bool
	workers, lines, rounds int
	seconds                int
}

// turn is what a contender has come to: lines, and the CPU that they took.
type turn struct {
	lines           int
	elapsed         time.Duration
	keeper, workers time.Duration
	memory          int // of the keeper
}

func (t turn) perSecond() float64    { return float64(t.lines) / t.elapsed.Seconds() }
func (t turn) keeperCPU() float64    { return micros(t.keeper) / float64(t.lines) }
func (t turn) workersCPU() float64   { return micros(t.workers) / float64(t.lines) }
func (t turn) mebibytes() float64    { return float64(t.memory) / (1 << 20) }
func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// contender keeps what workers print.
type contender struct {
	name string
	// start starts it in a folder of its own. The running one is to be ended.
	start func(o *options, script, folder string) (running, error)
	turns []turn
	err   error
}

// running is a contender that runs.
type running interface {
	// look gives what has been counted so far.
	look() (turn, error)
	end()
}

func main() {
	o := options{}
	flag.StringVar(&o.node, "node", "node", "the `PROGRAM` of the workers and of PM2")
	flag.StringVar(&o.getPM2, "get-pm2", "", "the `SCRIPT` that fetches PM2; empty leaves it out")
	flag.StringVar(&o.nodecluster, "nodecluster", "nodecluster", "the nodecluster `PROGRAM`")
	flag.BoolVar(&o.log4js, "log4js", false, "measure instead what workers log by log4js, as fast as it is taken")
	flag.IntVar(&o.workers, "workers", 2, "how many workers there are")
	flag.IntVar(&o.lines, "lines", 100_000, "how many lines a second they are to print together")
	flag.IntVar(&o.rounds, "rounds", 3, "how many turns each contender has")
	flag.IntVar(&o.seconds, "seconds", 5, "how long a turn takes, after a second that does not count")
	flag.Parse()
	if err := o.measure(); err != nil {
		fmt.Fprintf(os.Stderr, "logs-bench: %v\n", err)
		os.Exit(1)
	}
}

func (o *options) measure() error {
	if flag.NArg() > 0 || o.workers < 1 || o.lines < 100 || o.rounds < 1 || o.seconds < 1 {
		return errors.New("a flag makes no sense: see --help")
	}
	contenders := o.contenders()
	for round := range o.rounds {
		for _, c := range contenders {
			fmt.Fprintf(os.Stderr, "round %d of %d: %s\n", round+1, o.rounds, c.name)
			c.take(o)
		}
	}
	printTable(contenders)
	return nil
}

func (o *options) contenders() []*contender {
	if o.log4js {
		return log4jsContenders()
	}
	all := []*contender{{name: "nodecluster, text", start: startOurs("text")}, {name: "nodecluster, json", start: startOurs("json")}}
	if o.getPM2 != "" {
		all = append(all, &contender{name: "PM2, fork", start: startPM2("fork")}, &contender{name: "PM2, cluster", start: startPM2("cluster")})
	}
	return all
}

// script is what the workers run.
func (o *options) script() []byte {
	if o.log4js {
		return log4jsWorker
	}
	return printer
}

// take takes a turn, unless the contender was seen to fail.
func (c *contender) take(o *options) {
	if c.err != nil {
		return
	}
	var t turn
	if t, c.err = o.turn(c); c.err == nil {
		c.turns = append(c.turns, t)
	}
}

func (o *options) turn(c *contender) (t turn, err error) {
	folder, err := os.MkdirTemp("", "logs-bench")
	if err != nil {
		return t, err
	}
	defer os.RemoveAll(folder)
	script := filepath.Join(folder, "printer.js")
	if err := os.WriteFile(script, o.script(), 0o600); err != nil {
		return t, err
	}
	r, err := c.start(o, script, folder)
	if err != nil {
		return t, err
	}
	defer r.end()
	time.Sleep(time.Second)
	before, err := r.look()
	if err != nil {
		return t, err
	}
	began := time.Now()
	time.Sleep(time.Duration(o.seconds) * time.Second)
	after, err := r.look()
	if err != nil {
		return t, err
	}
	t = turn{after.lines - before.lines, time.Since(began), after.keeper - before.keeper, after.workers - before.workers, after.memory}
	if t.lines <= 0 {
		return t, errors.New("no line was written")
	}
	return t, nil
}

func printTable(contenders []*contender) {
	fmt.Println("| contender | lines/s | CPU of who keeps them, µs a line | at 100,000 lines/s | CPU of the workers, µs a line | memory, MiB |")
	fmt.Println("|---|---|---|---|---|---|")
	for _, c := range contenders {
		if c.err != nil {
			fmt.Printf("| %s | – | – | – | – | %v |\n", c.name, c.err)
			continue
		}
		keeper := measure.Median(c.turns, turn.keeperCPU)
		fmt.Printf("| %s | %.0f | %.2f | %.1f %% | %.2f | %.0f |\n", c.name, measure.Median(c.turns, turn.perSecond), keeper, keeper*10,
			measure.Median(c.turns, turn.workersCPU), measure.Median(c.turns, turn.mebibytes))
	}
}

func (o *options) linesVariable() string { return fmt.Sprintf("LINES=%d", o.lines/o.workers) }

var background = context.Background()
