package main

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/config"
	"github.com/spf13/pflag"
)

// pm2Names are PM2's commands that people and scripts use daily, or expect.
var pm2Names = strings.Fields(`update trigger inspect send attach serve deploy set get start stop restart delete del reload startOrRestart startOrReload startOrGracefulReload list ls l ps status logs describe desc
	info show monit dashboard save dump resurrect cleardump startup unstartup scale flush reloadLogs env id pid jlist prettylist reset kill ping
	sendSignal init ecosystem`)

// The page for users of PM2 has each of PM2's commands with the one that it is here, and says of the others that they are not there.
func TestPM2PageHasCommands(t *testing.T) {
	root := newRootCommand()
	var seen, there []string
	for _, row := range pageRows(t, "Commands") {
		for _, name := range row[0] {
			seen = append(seen, name)
			if command, _, err := root.Find([]string{name}); err == nil && !slices.Contains(row[1], command.Name()) {
				t.Errorf("%s is said to be %s, and is %s", name, row[1], command.Name())
			}
		}
	}
	_, missing, _ := strings.Cut(page(t), "\nNot there: ")
	missing, _, _ = strings.Cut(missing, "\n\n")
	for _, name := range pm2Names {
		_, _, err := root.Find([]string{name})
		if err == nil {
			there = append(there, name)
		}
		if saysSo := strings.Contains(missing, "`"+name+"`"); saysSo != (err != nil) {
			t.Errorf("the page says that %s is not there: %v; %v", name, saysSo, err)
		}
	}
	expectSame(t, "commands", seen, there)
}

func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("docs/pm2.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The page has each flag of PM2's that is read in another way than its name says.
func TestPM2PageHasFlags(t *testing.T) {
	var seen []string
	for _, row := range pageRows(t, "Flags") {
		for _, text := range row[0] {
			if name, ok := strings.CutPrefix(text, "--"); ok && !strings.Contains(name, " ") {
				seen = append(seen, name)
			}
		}
	}
	want := slices.Concat(slices.Collect(maps.Keys(pm2Switches)), slices.Collect(maps.Keys(pm2Refused)), pm2Needless, []string{"exp-backoff-restart-delay"})
	expectSame(t, "flags", seen, want)
	var f runFlags
	f.addTo(pflag.NewFlagSet("run", pflag.ContinueOnError))
	for name, ours := range pm2Flags {
		if found := f.flags.Lookup(name); found == nil || found.Name != ours {
			t.Errorf("--%s is not --%s", name, ours)
		}
	}
}

// The page has each field that only PM2 has.
func TestPM2PageHasFields(t *testing.T) {
	var seen, want []string
	for _, row := range pageRows(t, "Fields") {
		seen = append(seen, row[0]...)
	}
	for _, name := range config.PM2Names() {
		want = append(want, name.Name)
	}
	expectSame(t, "fields", seen, want)
}

var inTicks = regexp.MustCompile("`([^`]+)`")

// pageRows are the words in backticks of the first two columns of a table on the page.
func pageRows(t *testing.T, section string) (rows [][2][]string) {
	t.Helper()
	_, after, _ := strings.Cut(page(t), "\n## "+section+"\n")
	after, _, _ = strings.Cut(after, "\n## ")
	for line := range strings.Lines(after) {
		columns := strings.Split(line, "|")
		if len(columns) < 4 || !strings.Contains(columns[1], "`") {
			continue
		}
		var row [2][]string
		for i := range row {
			for _, word := range inTicks.FindAllStringSubmatch(columns[i+1], -1) {
				row[i] = append(row[i], word[1])
			}
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		t.Fatalf("the page has no table of %s", section)
	}
	return rows
}

// expectSame compares two lists in any order.
func expectSame(t *testing.T, what string, got, want []string) {
	t.Helper()
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	for _, name := range want {
		if !slices.Contains(got, name) {
			t.Errorf("the page has not %s of the %s", name, what)
		}
	}
	for i, name := range got {
		if !slices.Contains(want, name) || i > 0 && got[i-1] == name {
			t.Errorf("the page has %s too, or twice, among the %s", name, what)
		}
	}
}
