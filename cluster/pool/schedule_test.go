//go:build unix

package pool

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
)

// When it is time next, also where clocks are put forward and back.
func TestSchedules(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ expression, now, want string }{
		{"0 4 * * *", "2026-06-01T03:59:59+02:00", "2026-06-01T04:00:00+02:00"},
		{"0 4 * * *", "2026-06-01T04:00:00+02:00", "2026-06-02T04:00:00+02:00"},
		{"*/15 8-18 * * mon-fri", "2026-06-05T18:45:00+02:00", "2026-06-08T08:00:00+02:00"},
		{"30 0 4 * * *", "2026-06-01T04:00:00+02:00", "2026-06-01T04:00:30+02:00"},
		{"@daily", "2026-06-01T04:00:00+02:00", "2026-06-02T00:00:00+02:00"},
		{"@every 6h", "2026-06-01T04:00:00+02:00", "2026-06-01T10:00:00+02:00"},
		{"CRON_TZ=America/New_York 0 4 * * *", "2026-06-01T04:00:00+02:00", "2026-06-01T10:00:00+02:00"},
		// 02:30 is left out, and the day with it.
		{"30 2 * * *", "2026-03-28T02:30:00+01:00", "2026-03-30T02:30:00+02:00"},
		{"0 4 * * *", "2026-03-28T04:00:00+01:00", "2026-03-29T04:00:00+02:00"},
		// 02:30 comes twice.
		{"30 2 * * *", "2026-10-24T02:30:00+02:00", "2026-10-25T02:30:00+02:00"},
		{"30 2 * * *", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"},
		{"30 2 * * *", "2026-10-25T02:30:00+01:00", "2026-10-26T02:30:00+01:00"},
	} {
		schedule, err := parseSchedule(c.expression)
		if err != nil {
			t.Errorf("%q: %v", c.expression, err)
			continue
		}
		now, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		if got := schedule.Next(now.In(berlin)).Format(time.RFC3339); got != c.want {
			t.Errorf("%q after %s is %s, want %s", c.expression, c.now, got, c.want)
		}
	}
}

func TestSchedulesThatMakeNoSense(t *testing.T) {
	for _, expression := range []string{
		"", "* * * *", "* * * * * * *", "61 * * * *", "*/0 * * * *", "5-1 * * * *", "0 0 31 2 *", "@never", "@every soon", "TZ=Europe/Berlin", "CRON_TZ=", "TZ=Nowhere 0 4 * * *",
	} {
		if err := CheckSchedule(expression); err == nil || !strings.HasSuffix(err.Error(), `or "@daily"`) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", expression, err)
		}
	}
}

// listens is a program that says that it runs and listens, and stays until it is to leave.
const listens = `echo '{"cmd":"NODE_CLUSTER","act":"online","seq":0}' >&3; ` + clustertest.SaysItListens +
	"while read message <&3; do case $message in *disconnect*) exit;; esac; done"

// startInternal starts a pool of workers of a shell, which is closed with the test.
func startInternal(t *testing.T, program string, o Options) *Pool {
	t.Helper()
	p, err := New(clustertest.Shell(program), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

// The pool is reloaded when it is time, and no reload follows one that is under way then.
func TestReloadsBySchedule(t *testing.T) {
	p := startInternal(t, listens, Options{
		Instances: 1, ReloadSchedule: "* * * * * *", Reload: ReloadOptions{Bake: -1}, KillTimeout: time.Second,
	})
	ctx := clustertest.Patient(t)
	for s := range p.Progress(ctx) {
		if s.Change != "reload" || s.Reason != `the schedule is "* * * * * *"` || s.Step == Failed {
			t.Errorf("there is %+v", s)
		}
		if s.Step == Ended {
			break
		}
	}

	q := startInternal(t, listens, Options{Instances: 1, KillTimeout: time.Second})
	steps := q.Progress(ctx)
	reload, cancel := context.WithCancel(ctx)
	reloaded := make(chan struct{})
	go func() {
		defer close(reloaded)
		q.Reload(reload, ReloadOptions{Bake: time.Hour})
	}()
	for s := range steps {
		if s.Step == SuccessorReady {
			break
		}
	}
	rest := q.Progress(ctx)
	if q.reloadBySchedule(ctx); ctx.Err() != nil {
		t.Error("a reload waits for the one that is under way")
	}
	cancel()
	<-reloaded
	q.Close()
	for s := range rest {
		if s.Reason != "" {
			t.Errorf("there is %+v", s)
		}
	}
}
