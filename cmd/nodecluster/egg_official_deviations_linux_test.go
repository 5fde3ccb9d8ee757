package main

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
)

// An eggDeviation is where our master has processes experience something else than Egg's own, on purpose.
type eggDeviation struct {
	only     string // the one scenario where it is so, if not in all
	versions []int  // none means all
	log      string // a pattern of roles

	// insert are lines that come after the first line that begins with after. ROLE in them stands for the role of the log.
	after  string
	insert []string

	reason string
}

var eggDeviations = []eggDeviation{
	{
		versions: []int{3}, log: "app*", after: "listening ",
		insert: []string{`message {"message":{"action":"egg-pids","egg-pids":["agent1"],"from":"master","receiverPid":"ROLE","to":"app"}}`},
		reason: "an app of Egg 3 learns of the agent at its start, as one of Egg 4 does: else its sendRandom does nothing until the agent has been restarted",
	},
	{
		only: "messenger", versions: []int{3}, log: "agent1", after: doneOf(3), insert: []string{randomOfApp},
		reason: "so app1's sendRandom reaches the agent",
	},
	{
		only: "messenger", versions: []int{3}, log: "agent1", after: doneOf(21), insert: []string{randomOfApp},
		reason: "and so does app2's",
	},
}

// randomOfApp is the line of what an app sends with sendRandom in the scenario of the messenger.
const randomOfApp = `message {"message":{"action":"to one","data":1,"from":"app","receiverPid":"agent1","to":"agent"}}`

// doneOf is how the line begins that tells that an order is done.
func doneOf(number int) string {
	return fmt.Sprintf(`message {"message":{"action":"done","data":%d,`, number)
}

// deviate changes what was experienced under Egg's master to what is expected under ours.
func deviate(t *testing.T, scenario string, version int, all map[string][]string) {
	t.Helper()
	for _, d := range eggDeviations {
		if d.only != "" && d.only != scenario || len(d.versions) > 0 && !slices.Contains(d.versions, version) {
			continue
		}
		for role, lines := range all {
			if matches, err := path.Match(d.log, role); err != nil {
				t.Fatal(err)
			} else if matches {
				all[role] = d.apply(role, lines)
			}
		}
	}
}

func (d eggDeviation) apply(role string, lines []string) []string {
	i := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, d.after) })
	if i < 0 {
		return lines
	}
	for n, line := range d.insert {
		lines = slices.Insert(lines, i+1+n, strings.ReplaceAll(line, "ROLE", role))
	}
	return lines
}
