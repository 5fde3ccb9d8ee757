package main

import (
	"path"
	"slices"
	"testing"
)

// An eggDeviation is where our master has processes experience something else than Egg's own, on purpose.
type eggDeviation struct {
	scenario string // a pattern of names
	versions []int  // none means all
	log      string // a pattern of roles, or "parent", or "notes"
	// official is a run of lines under Egg's master, and ours is what stands in its place.
	official, ours []string
	reason         string
}

var eggDeviations = []eggDeviation{}

// deviate changes what was experienced under Egg's master to what is expected under ours.
func deviate(t *testing.T, scenario string, version int, all map[string][]string) {
	for _, d := range eggDeviations {
		applies, _ := path.Match(d.scenario, scenario)
		if !applies || len(d.versions) > 0 && !slices.Contains(d.versions, version) {
			continue
		}
		found := false
		for role, lines := range all {
			if matches, _ := path.Match(d.log, role); !matches {
				continue
			}
			if i := indexOf(lines, d.official); i >= 0 {
				found = true
				all[role] = slices.Concat(lines[:i], d.ours, lines[i+len(d.official):])
			}
		}
		if !found {
			t.Errorf("no log has the lines of this deviation, which is: %s", d.reason)
		}
	}
}

// indexOf is where a run of lines begins, or -1.
func indexOf(lines, run []string) int {
	for i := 0; i+len(run) <= len(lines); i++ {
		if slices.Equal(lines[i:i+len(run)], run) {
			return i
		}
	}
	return -1
}
