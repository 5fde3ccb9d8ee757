package main

import (
	"fmt"
	"slices"
	"syscall"
	"testing"
)

// TestEggSecondSignal has a second signal come while hooks run: they run on.
func TestEggSecondSignal(t *testing.T) {
	for _, version := range []int{3, 4} {
		t.Run(fmt.Sprint("egg ", version), func(t *testing.T) {
			r := newEggRun(t, eggMaster{program: binary}, version)
			stopTwice(r)
			if want := []string{"the master ends: code 0", "the agent closes: true"}; !slices.Equal(r.notes, want) {
				t.Errorf("%q, want %q", r.notes, want)
			}
		})
	}
}

// TestEggMasterIsKilledInStop kills a master that has app workers leave: nothing is left, as by Node's own rule for workers without a primary.
func TestEggMasterIsKilledInStop(t *testing.T) {
	for _, version := range []int{3, 4} {
		for name, leave := range map[string]func(r *eggRun){
			"with a request in flight": func(r *eggRun) {
				go r.answer("tcp", localhost(r.port), "http", "/slow")
				r.awaitAsked("slow app1")
				r.signal(syscall.SIGTERM)
				r.stdout.awaitText(r.t, "master is killed by signal SIGTERM")
			},
			"in beforeClose": func(r *eggRun) {
				r.signal(syscall.SIGTERM)
				r.awaitAsked("close app1")
			},
		} {
			t.Run(fmt.Sprintf("egg %d/%s", version, name), func(t *testing.T) {
				r := newEggRun(t, eggMaster{program: binary}, version)
				r.options["workers"] = 1
				r.env = append(r.env, "SHOP_CLOSES_SLOWLY=1", "EGG_MASTER_CLOSE_TIMEOUT=600000")
				r.boot()
				leave(r)
				r.stop(syscall.SIGKILL)
			})
		}
	}
}
