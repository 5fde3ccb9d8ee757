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
	only     string   // the one scenario where it is so, if not in all
	except   []string // the scenarios where it is not so
	versions []int    // none means all
	log      string   // a pattern of roles
	listens  bool     // whether it is only so with an app that has listened

	// insert are lines that come after the first line that begins with after, or before the one that begins with before, unless they are
	// there. ROLE in them stands for the role of the log.
	after, before string
	insert        []string
	// remove are lines that do not come, and without is a text that is not in those that do.
	remove  []string
	without string

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
	{
		only: "a framework with a startCluster of its own", log: "*", without: `"region":"north",`,
		reason: "the framework's startCluster is a function in JavaScript that would start Egg's own master, and is not called",
	},
	{
		log: "app*", listens: true, before: "beforeClose", insert: []string{"disconnect"},
		reason: "an app has answered its requests, and has been disconnected, before it closes",
	},
	{
		except: []string{"an app dies in its boot", "the agent dies in its boot", "SIGKILL"},
		log:    "agent*",
		remove: []string{leavingOf(1), leavingOf(2), leavingOf(3)},
		reason: "what an app sends in beforeClose does not come, since it has been disconnected",
	},
}

// randomOfApp is the line of what an app sends with sendRandom in the scenario of the messenger.
const randomOfApp = `message {"message":{"action":"to one","data":1,"from":"app","receiverPid":"agent1","to":"agent"}}`

// doneOf is how the line begins that tells that an order is done.
func doneOf(number int) string {
	return fmt.Sprintf(`message {"message":{"action":"done","data":%d,`, number)
}

// leavingOf is the line of what an app sends to the agent in beforeClose.
func leavingOf(id int) string {
	return fmt.Sprintf(`message {"message":{"action":"leaving","data":%d,"from":"app","to":"agent"}}`, id)
}

// deviate changes what was experienced under Egg's master to what is expected under ours.
func deviate(t *testing.T, scenario string, version int, all map[string][]string) {
	t.Helper()
	for _, d := range eggDeviations {
		if d.only != "" && d.only != scenario || slices.Contains(d.except, scenario) || len(d.versions) > 0 && !slices.Contains(d.versions, version) {
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
	begins := func(prefix string) int {
		return slices.IndexFunc(lines, func(line string) bool { return prefix != "" && strings.HasPrefix(line, prefix) })
	}
	if d.listens && begins("listening ") < 0 {
		return lines
	}
	at := begins(d.before)
	if i := begins(d.after); i >= 0 {
		at = i + 1
	}
	for i, line := range d.insert {
		if line = strings.ReplaceAll(line, "ROLE", role); at >= 0 && (d.before == "" || !slices.Contains(lines, line)) {
			lines = slices.Insert(lines, at+i, line)
		}
	}
	for i, line := range lines {
		if d.without != "" {
			lines[i] = strings.ReplaceAll(line, d.without, "")
		}
	}
	return slices.DeleteFunc(lines, func(line string) bool { return slices.Contains(d.remove, line) })
}
