package probe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// scripted is a check that comes out as a script says, letter by letter: s succeeds, f fails, h hangs, l succeeds late, e is the end.
type scripted struct {
	script string
	made   int
	begun  time.Time
	log    []string
	end    context.CancelFunc
}

var errFailed = errors.New("it fails")

func (s *scripted) say(what string) {
	s.log = append(s.log, fmt.Sprintf("%v %s", time.Since(s.begun), what))
}

func (s *scripted) Check(ctx context.Context, _ Target) error {
	do := s.script[s.made]
	s.made++
	s.say(string(do))
	switch do {
	case 'f':
		return errFailed
	case 'h':
		<-ctx.Done()
		return ctx.Err()
	case 'l':
		time.Sleep(25 * time.Second)
	case 'e':
		s.end()
		return errFailed
	}
	return nil
}

func (s *scripted) checked(r Result) {
	if r.Changed {
		s.say(fmt.Sprint(r.Healthy, " ", r.Err))
	}
}

func TestRun(t *testing.T) {
	for _, c := range []struct {
		name    string
		probe   Probe
		healthy bool
		script  string
		want    []string
	}{
		{"the defaults", Probe{}, true, "sffsfffse", []string{
			"0s s", "10s f", "20s f", "30s s", "40s f", "50s f", "1m0s f", "1m0s false it fails", "1m10s s", "1m10s true <nil>", "1m20s e",
		}},
		{"not healthy at first", Probe{InitialDelay: 5 * time.Second, Period: time.Second, SuccessThreshold: 2}, false, "fsse", []string{
			"5s f", "6s s", "7s s", "7s true <nil>", "8s e",
		}},
		{"one that is waited for", Probe{}, false, "ffsse", []string{
			"0s f", "1s f", "2s s", "2s true <nil>", "12s s", "22s e",
		}},
		{"a check that hangs", Probe{Period: 3 * time.Second, Timeout: 2 * time.Second, FailureThreshold: 1}, true, "hse", []string{
			"0s h", "2s false no answer within 2s", "3s s", "3s true <nil>", "6s e",
		}},
		{"a check that takes longer than a period", Probe{Timeout: time.Minute, FailureThreshold: 1}, true, "lfse", []string{
			"0s l", "25s f", "25s false it fails", "30s s", "30s true <nil>", "40s e",
		}},
		{"nothing at all", Probe{FailureThreshold: 1}, true, "e", []string{"0s e"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				s := &scripted{script: c.script, begun: time.Now(), end: cancel}
				c.probe.Check = s
				if err := c.probe.Validate(); err != nil {
					t.Fatal(err)
				}
				c.probe.Run(ctx, Target{}, c.healthy, s.checked)
				if !slices.Equal(s.log, c.want) {
					t.Errorf("\n%s\nwant\n%s", strings.Join(s.log, "\n"), strings.Join(c.want, "\n"))
				}
			})
		})
	}
}

// Run ends with its context, also before the first check and between two.
func TestRunEnds(t *testing.T) {
	for _, after := range []time.Duration{0, time.Second, 6 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			begun := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), after)
			defer cancel()
			Probe{Check: &scripted{script: "ss"}, InitialDelay: 5 * time.Second}.Run(ctx, Target{}, true, func(Result) {})
			if took := time.Since(begun); took != after {
				t.Errorf("it ends after %v, its context after %v", took, after)
			}
		})
	}
}

func TestValidate(t *testing.T) {
	for _, c := range []struct {
		probe Probe
		want  string // in the error; empty for none
	}{
		{Probe{Check: TCPSocket{}}, ""},
		{Probe{Check: HTTPGet{Path: "healthz?full=1"}}, ""},
		{Probe{Check: HTTPGet{Host: "example.com:8080", Path: "/"}}, ""},
		{Probe{Check: Exec{Command: []string{"true"}}}, ""},
		{Probe{}, "no check"},
		{Probe{Check: TCPSocket{}, Period: -1}, "below 0"},
		{Probe{Check: TCPSocket{}, FailureThreshold: -1}, "below 0"},
		{Probe{Check: Exec{}}, "no command"},
		{Probe{Check: HTTPGet{Host: "a/b"}}, "no URL"},
		{Probe{Check: HTTPGet{Host: "a b"}}, "no URL"},
		{Probe{Check: HTTPGet{Path: "/%zz"}}, "no URL"},
	} {
		err := c.probe.Validate()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.probe, err, c.want)
		}
	}
}
