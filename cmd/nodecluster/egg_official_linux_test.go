package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// officialVariable has Egg's own master in the place of ours too, which shows that the tests have no race of their own.
const officialVariable = "NODECLUSTER_TEST_EGG_OFFICIAL"

// TestEggLikeOfficial: what the processes of an Egg application experience is what they experience under Egg's own master, but for the
// deviations that are listed.
func TestEggLikeOfficial(t *testing.T) {
	official, ours := eggMasters(t)
	for _, version := range []int{3, 4} {
		for _, s := range eggScenarios {
			t.Run(fmt.Sprintf("egg %d/%s", version, s.name), func(t *testing.T) {
				want, got := s.experience(t, official, version), s.experience(t, ours, version)
				if t.Failed() {
					return
				}
				if !ours.official {
					deviate(t, s.name, version, want)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("the processes experience other things than under Egg's own master (-Egg's +ours):\n%s", diff)
				}
			})
		}
	}
}

// TestEggBetter: our master does more than Egg's own where that is wanted.
func TestEggBetter(t *testing.T) {
	official, ours := eggMasters(t)
	for _, version := range []int{3, 4} {
		for _, b := range eggBetters {
			t.Run(fmt.Sprintf("egg %d/%s", version, b.name), func(t *testing.T) {
				if diff := cmp.Diff(b.official[version], b.experience(t, official, version)["notes"]); diff != "" {
					t.Errorf("Egg's own master does something else (-want +got):\n%s", diff)
				}
				if ours.official {
					return
				}
				if diff := cmp.Diff(b.ours, b.experience(t, ours, version)["notes"]); diff != "" {
					t.Errorf("our master does something else (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// eggMasters gives Egg's own master and ours.
func eggMasters(t *testing.T) (official, ours eggMaster) {
	t.Helper()
	if !nodetest.All() || nodetest.RaceDetector {
		t.Skip("takes minutes: scripts/test --all does it without the race detector, beside other tests")
	}
	official = eggMaster{official: true, program: nodetest.Default(t).Path}
	if os.Getenv(officialVariable) != "" {
		return official, official
	}
	return official, eggMaster{program: binary}
}

// maxTakenPorts is in how many runs one after the other another process may take the port of Egg's own master.
const maxTakenPorts = 3

// experience runs the scenario under a master, and again where that counts for nothing.
func (s eggScenario) experience(t *testing.T, master eggMaster, version int) (all map[string][]string) {
	for range maxTakenPorts {
		again := false
		t.Run(filepath.Base(master.program), func(t *testing.T) {
			r := newEggRun(t, master, version)
			defer func() { again = r.portTaken }()
			s.run(r)
			all = r.experience()
		})
		if !again {
			return all
		}
	}
	t.Fatalf("another process has taken the port of Egg's own master in %d runs", maxTakenPorts)
	return nil
}
