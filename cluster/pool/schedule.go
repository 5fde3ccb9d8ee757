package pool

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// cronFields are what an expression has: five fields, or six with the seconds first, or a word such as @daily.
const cronFields = cron.SecondOptional | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor

// maxClockPause is how long the pool sleeps at most before it looks at the clock again, which may have been set, or have gone on while the
// machine slept.
const maxClockPause = time.Minute

// parseSchedule reads a cron expression. One that no time fulfils is an error.
func parseSchedule(expression string) (cron.Schedule, error) {
	zoned := strings.HasPrefix(expression, "TZ=") || strings.HasPrefix(expression, "CRON_TZ=")
	if zoned && !strings.Contains(expression, " ") { // at which the parser panics
		return nil, errors.New("there is nothing after the time zone")
	}
	schedule, err := cron.NewParser(cronFields).Parse(expression)
	if err != nil {
		return nil, err
	}
	if schedule.Next(time.Now()).IsZero() {
		return nil, errors.New("there is no such time within five years")
	}
	return schedule, nil
}

// CheckSchedule returns an error that says what is wrong with a cron expression for [Options.ReloadSchedule], and nil if nothing is.
func CheckSchedule(expression string) error {
	if _, err := parseSchedule(expression); err != nil {
		return fmt.Errorf("%w: use a cron expression such as \"0 4 * * *\" or \"@daily\"", err)
	}
	return nil
}

func (o *Options) checkSchedule() error {
	if o.ReloadSchedule == "" {
		return nil
	}
	if err := CheckSchedule(o.ReloadSchedule); err != nil {
		return fmt.Errorf("Options.ReloadSchedule is %q: %w", o.ReloadSchedule, err)
	}
	return nil
}

// followSchedule reloads the pool at the times of Options.ReloadSchedule until ctx ends.
func (p *Pool) followSchedule(ctx context.Context) {
	schedule, err := parseSchedule(p.options.ReloadSchedule)
	if err != nil {
		return
	}
	for next := schedule.Next(wallClock()); ; {
		now := wallClock()
		if now.Before(next) {
			if !sleep(ctx, min(next.Sub(now), maxClockPause)) {
				return
			}
			continue
		}
		p.reloadBySchedule(ctx)
		next = schedule.Next(wallClock())
	}
}

// wallClock is the time as the clock on the wall has it, which may jump.
func wallClock() time.Time { return time.Now().Round(0) }

// reloadBySchedule reloads the pool, unless a reload is under way.
func (p *Pool) reloadBySchedule(ctx context.Context) {
	var isReloading bool
	if p.ask(ctx, func() { isReloading = p.change != nil && p.change.name == "reload" }) != nil || isReloading {
		return
	}
	o := p.options.Reload
	o.Wait = true
	if _, err := p.reload(ctx, o, allInstances, fmt.Sprintf("the schedule is %q", p.options.ReloadSchedule)); err != nil {
		p.tellFailure(ctx, nil, fmt.Errorf("%w; the workers that were there go on", err))
	}
}
