package options

import (
	"errors"
	"strconv"
	"strings"

	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/spf13/pflag"
)

// addRecycling adds the flags by which workers are replaced without being told to.
func (o *Options) addRecycling(flags *pflag.FlagSet) {
	flags.Var(Value{"SIZE", o.setMaxMemory}, "max-memory",
		"how much memory (RSS) a worker may use, as 512M or 1G; one that uses more for three\nseconds is replaced, new first, and one at a time (default no limit)")
	flags.Var(Value{"DURATION", SetDuration(&o.Pool.MaxLifetime)}, "max-lifetime",
		"after how long a worker is replaced so, or up to a tenth sooner (default never)")
	flags.Var(Value{"N", o.setMaxConnections}, "max-connections",
		"after how many connections a worker is replaced so, under --sched rr and least\n(default never)")
	flags.BoolVar(&o.Pool.NoMemoryGuard, "no-memory-guard", false,
		"where memory has a limit, leave the largest worker alone when it is nearly used up")
	flags.Var(Value{"MIN-MAX", o.setAutoscale}, "autoscale",
		"have so many workers as the load needs: more at once when they lag or connections\nwait, one less after five minutes in which there was little to do (default off)")
	flags.VarP(Value{"EXPRESSION", o.setCron}, "cron", "c", "when to reload, as cron has it: \"0 4 * * *\" is 4 o'clock each night, local time\n(default never)")
}

func (o *Options) setMaxMemory(text string) error {
	n, err := ParseSize(text)
	o.Pool.MaxMemory = int64(n)
	return err
}

func (o *Options) setMaxConnections(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return errors.New("use a number from 1 on")
	}
	o.Pool.MaxConnections = n
	return nil
}

func (o *Options) setCron(text string) error {
	if err := pool.CheckSchedule(text); err != nil {
		return err
	}
	o.Pool.ReloadSchedule = text
	return nil
}

func (o *Options) setAutoscale(text string) error {
	least, most, _ := strings.Cut(text, "-")
	a := &o.Pool.Autoscale
	var errs [2]error
	a.Min, errs[0] = strconv.Atoi(least)
	a.Max, errs[1] = strconv.Atoi(most)
	if errs != [2]error{} || a.Min < 1 || a.Max < a.Min {
		return errors.New("use two numbers from 1 on, such as 2-8")
	}
	return nil
}
