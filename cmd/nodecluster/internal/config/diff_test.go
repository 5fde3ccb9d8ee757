package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDiff(t *testing.T) {
	old := App{
		Name: "api", Script: "/a.js", Instances: "2", Args: Words{"a b"}, Env: Env{"KEY": "old", "GONE": "x", "SAME": "s", "EMPTY": ""},
		MaxRestarts: ptr(3), WaitReady: true, DependsOn: DependsOn{"db": "started"},
	}
	new := App{
		Name: "api", Script: "/b.js", Instances: "2", Args: Words{"a", "b"}, Env: Env{"KEY": "new", "SAME": "s", "ADDED": "y", "EMPTY": "1"},
		MaxRestarts: ptr(0), KillTimeout: "5s", DependsOn: DependsOn{"db": "healthy"},
	}
	var got, masked []string
	for _, d := range Diff(old, new) {
		got, masked = append(got, d.Shown()), append(masked, d.String())
	}
	want := []string{
		"script: /b.js, was /a.js", "args: a b, was 'a b'", `env.EMPTY: 1, was ""`, "env.GONE: no longer x", "env.KEY: new, was old",
		"env.ADDED: y (new)", "max_restarts: 0, was 3", "kill_timeout: 5s (new)", "wait_ready: no longer true",
		"depends_on.db: healthy, was started",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	want[2], want[3], want[4], want[5] = "env.EMPTY: changed", "env.GONE: no longer ******", "env.KEY: changed", "env.ADDED: ****** (new)"
	if diff := cmp.Diff(want, masked); diff != "" {
		t.Error(diff)
	}
	if d := Diff(old, old); d != nil {
		t.Errorf("differs from itself in %v", d)
	}
}
